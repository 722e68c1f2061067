// Elements from plain values. Text is always text: nothing a camera is called can become markup.

export function el(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children.filter((child) => child !== null));
	return element;
}

/** Makes these the children, in this order; none that is in its place already is touched. */
export function arrange(parent, wanted) {
	const stays = new Set(wanted);
	for (const child of [...parent.children]) if (!stays.has(child)) child.remove();
	wanted.forEach((child, at) => parent.children[at] !== child && parent.insertBefore(child, parent.children[at] ?? null));
}

/** Changes the page so that the row under the finger, or else the topmost one that is read, stays where it is. */
export function steady(change) {
	const rows = () => (window.scrollY > 0 ? [...document.querySelectorAll("#cameras tr")] : []);
	const held =
		document.querySelector("#cameras tr:hover") ??
		document.activeElement?.closest("#cameras tr") ??
		rows().find((row) => row.getBoundingClientRect().top >= 0);
	const was = held?.getBoundingClientRect().top;
	change();
	const moved = held?.isConnected ? held.getBoundingClientRect().top - was : 0;
	if (moved !== 0) window.scrollBy({ top: moved, behavior: "instant" });
}
