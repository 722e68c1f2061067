// The size of an element, as it is now.

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Width and height in CSS pixels; zeros before it is drawn. */
export function useSize(element: RefObject<HTMLElement>): [number, number] {
	const [size, setSize] = useState<[number, number]>([0, 0]);
	const current = element.current;
	useEffect(() => {
		const seen = element.current;
		if (!seen) return;
		const look = () => setSize((was) => {
			const box = seen.getBoundingClientRect();
			return was[0] === box.width && was[1] === box.height ? was : [box.width, box.height];
		});
		look();
		const observer = new ResizeObserver(look);
		observer.observe(seen);
		return () => observer.disconnect();
	}, [current]);
	return size;
}
