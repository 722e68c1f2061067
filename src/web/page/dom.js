// Elements from plain values. Text is always text: nothing a camera is called can become markup.

export function el(tag, properties = {}, ...children) {
	const element = Object.assign(document.createElement(tag), properties);
	element.append(...children.filter((child) => child !== null));
	return element;
}
