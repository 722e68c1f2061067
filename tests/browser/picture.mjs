// A page, and what the tests ask of a picture in it.

/** Where 404 is an answer: there is no film then, or this recorder has no such thing. */
const ASKED_IN_VAIN = /\/(session|vod\.m3u8|events|users|tokens|discovery)(\?.*)?$/;

/** A page that keeps what the browser complains about in `complaints`. */
export async function open(browser, url, complaints, options = {}) {
	const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
	page.on("console", (message) => {
		if (message.type() === "error" && !ASKED_IN_VAIN.test(message.location().url)) complaints.push(`${message.text()} ${message.location().url}`);
	});
	page.on("pageerror", (error) => complaints.push(error.message));
	await page.goto(url);
	return page;
}

/** The video shows something: its pixels differ. */
export function showsAPicture(page, selector = "#video") {
	return page.evaluate((selector) => {
		const video = document.querySelector(selector);
		const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 36 });
		const context = canvas.getContext("2d");
		context.drawImage(video, 0, 0, canvas.width, canvas.height);
		const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
		const greens = data.filter((_, at) => at % 4 === 1);
		return Math.max(...greens) - Math.min(...greens) > 40;
	}, selector);
}
