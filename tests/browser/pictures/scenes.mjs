// Four drawn views of a house, for pictures of the page: what stands still, and who walks through it.

const svg = (body) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720">${body}</svg>`;
const gradient = (id, from, to) =>
	`<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient>`;
const tree = (x, y, size, colour, trunk = "#4a3a2c") =>
	`<rect x="${x - size * 0.06}" y="${y - size * 0.5}" width="${size * 0.12}" height="${size * 0.55}" fill="${trunk}"/>` +
	[[0, -0.85, 0.42], [-0.3, -0.6, 0.34], [0.3, -0.62, 0.36], [0.02, -0.5, 0.4]]
		.map(([dx, dy, r]) => `<circle cx="${x + dx * size}" cy="${y + dy * size}" r="${r * size}" fill="${colour}"/>`).join("");
const fence = (y, colour) => Array.from({ length: 33 }, (_, at) => `<path d="M${at * 40} ${y + 90}v-80l12 -14l12 14v80z" fill="${colour}"/>`).join("");

const person = (coat, skin = "#caa58a") =>
	`<ellipse cx="60" cy="318" rx="52" ry="9" fill="#000" opacity=".3"/><path d="M42 190l-8 125h20l8-95l10 95h20l-10-125z" fill="#222c38"/>` +
	`<path d="M30 92q30-26 60 0l10 108h-80z" fill="${coat}"/><circle cx="60" cy="52" r="27" fill="${skin}"/><path d="M33 46q27-40 54 0q-26-12-54 0z" fill="#3a2a20"/>`;
const cat =
	`<ellipse cx="80" cy="96" rx="70" ry="7" fill="#000" opacity=".3"/><path d="M20 60q-22-40-6-52" stroke="#2b2f33" stroke-width="9" fill="none"/>` +
	`<path d="M16 62q60-34 100-6l-4 38h-12l-4-22h-46l-6 22h-12z" fill="#2b2f33"/><path d="M104 52l4-24l12 12l14-12l4 26q-16 20-34-2z" fill="#2b2f33"/>`;
const car =
	`<ellipse cx="200" cy="150" rx="190" ry="12" fill="#000" opacity=".35"/><path d="M12 140v-40l60-14l54-46h120l58 46l78 16v38z" fill="#9c3b34"/>` +
	`<path d="M96 84l38-34h46v34zM192 50h48l44 34h-92z" fill="#a8c4d0"/>` +
	`<circle cx="92" cy="138" r="30" fill="#15181b"/><circle cx="300" cy="138" r="30" fill="#15181b"/><circle cx="380" cy="108" r="9" fill="#fff2b0"/>`;

const wall = (x, y, width, height, colour) =>
	`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${colour}"/>` +
	Array.from({ length: Math.floor(height / 30) }, (_, row) => `<rect x="${x}" y="${y + row * 30}" width="${width}" height="2" fill="#000" opacity=".09"/>`).join("");

/** `path`: where the walker is after so many seconds, as ffmpeg's overlay reads it. */
export const SCENES = [
	{
		name: "Front door",
		still: svg(
			`<defs>${gradient("a", "#27405a", "#e08f5c")}${gradient("b", "#6c6a60", "#47463f")}<radialGradient id="l"><stop offset="0" stop-color="#ffdf9a"/><stop offset="1" stop-color="#ffdf9a" stop-opacity="0"/></radialGradient></defs>` +
			`<rect width="1280" height="720" fill="url(#a)"/>${tree(1120, 470, 300, "#2a3f35")}${tree(960, 450, 200, "#34503f")}` +
			`${wall(0, 60, 640, 480, "#a8907a")}<rect y="40" width="690" height="34" fill="#4c3b33"/><rect x="260" y="180" width="170" height="350" fill="#5d2f27"/>` +
			`<rect x="284" y="210" width="122" height="130" fill="#f4d48c" opacity=".85"/><circle cx="412" cy="380" r="9" fill="#d8b45c"/>` +
			`<rect x="60" y="200" width="130" height="170" fill="#f0cf86"/><path d="M125 200v170M60 285h130" stroke="#4c3b33" stroke-width="8"/>` +
			`<circle cx="500" cy="220" r="150" fill="url(#l)"/><rect x="486" y="196" width="28" height="46" rx="6" fill="#fff0c4"/>` +
			`<path d="M0 540h1280v180h-1280z" fill="#3f5240"/><path d="M230 540h230l330 180h-640z" fill="url(#b)"/>${fence(430, "#d9cfbd")}<path d="M0 540h640v-4h-640z" fill="#2b241f"/>`,
		),
		walker: person("#2f6f8a"), size: [120, 330], path: ["1350-130*t", "330+14*sin(6*t)"],
	},
	{
		name: "Driveway",
		still: svg(
			`<defs>${gradient("a", "#9fc3dd", "#dfe9ea")}${gradient("b", "#8d9196", "#6d7176")}</defs><rect width="1280" height="720" fill="url(#a)"/>` +
			`${tree(120, 420, 260, "#5f8a4e")}${tree(1180, 430, 300, "#6d9658")}${tree(300, 400, 160, "#7fa868")}` +
			`${wall(500, 120, 620, 300, "#d8d2c4")}<path d="M470 130l340-110l340 110z" fill="#7c4a3c"/><rect x="560" y="210" width="320" height="210" fill="#eceff0"/>` +
			`${[0, 1, 2, 3].map((row) => `<rect x="570" y="${222 + row * 50}" width="300" height="38" fill="#d3d9dc"/>`).join("")}` +
			`<rect x="950" y="220" width="110" height="120" fill="#53707f"/><path d="M1005 220v120M950 280h110" stroke="#fff" stroke-width="6"/>` +
			`<rect y="418" width="1280" height="302" fill="#7ba362"/><path d="M540 418h360l300 302h-960z" fill="url(#b)"/>`,
		),
		walker: car, size: [400, 165], path: ["-420+150*t", "520"],
	},
	{
		name: "Garden",
		still: svg(
			`<defs>${gradient("a", "#7fb4d8", "#d9eaf0")}${gradient("b", "#86b45c", "#5b8d42")}</defs><rect width="1280" height="720" fill="url(#a)"/>` +
			`<circle cx="1040" cy="120" r="54" fill="#fff6cf"/>${fence(300, "#b98d5f")}<rect y="388" width="1280" height="332" fill="url(#b)"/>` +
			`${tree(220, 430, 330, "#4d7f3c")}${tree(1010, 410, 280, "#5d9147")}` +
			`<ellipse cx="640" cy="560" rx="230" ry="64" fill="#5c97ad"/><ellipse cx="640" cy="556" rx="206" ry="52" fill="#7fb6c6"/>` +
			`${Array.from({ length: 26 }, (_, at) => `<circle cx="${40 + at * 49}" cy="${640 + ((at * 37) % 50)}" r="9" fill="${["#e2574c", "#f2b134", "#fff", "#b05cc0"][at % 4]}"/>`).join("")}` +
			`<path d="M820 500h150v14h-150zM832 514h12v60h-12zM946 514h12v60h-12zM820 450h150v12h-150z" fill="#8a5a36"/>`,
		),
		walker: cat, size: [160, 110], path: ["1320-90*t", "600"],
	},
	{
		name: "Yard, at night",
		still: svg(
			`<defs>${gradient("a", "#26292b", "#3d4143")}<radialGradient id="l"><stop offset="0" stop-color="#d4d8d8"/><stop offset="1" stop-color="#565b5d"/></radialGradient></defs>` +
			`<rect width="1280" height="720" fill="url(#a)"/>${wall(0, 150, 460, 330, "#6a6f70")}<path d="M-40 160l260-130l280 130z" fill="#4b5051"/>` +
			`<rect x="120" y="250" width="110" height="130" fill="#aeb4b4"/><path d="M175 250v130M120 315h110" stroke="#4b5051" stroke-width="7"/>` +
			`<rect x="300" y="240" width="110" height="240" fill="#4d5253"/><rect y="470" width="1280" height="250" fill="#5a5f60"/><ellipse cx="700" cy="610" rx="620" ry="150" fill="url(#l)" opacity=".55"/>` +
			`${tree(980, 500, 330, "#3f4445", "#2f3334")}${fence(390, "#777d7e")}<rect x="640" y="430" width="190" height="120" fill="#7d8384"/><path d="M630 432l105-60l105 60z" fill="#54595a"/>`,
		),
		walker: cat.replaceAll("#2b2f33", "#e3e6e6"), size: [160, 110], path: ["-200+70*t", "585"],
	},
];

export const drawn = (body, [width, height]) => `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
