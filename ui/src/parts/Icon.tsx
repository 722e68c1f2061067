// Small drawings of one colour, 24 by 24.

const DRAWINGS = {
	live: "M4 6h11a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1ZM16 10.5 21 8v8l-5-2.5",
	timeline: "M3 7h18M3 12h10M16 12h5M3 17h5M11 17h10M14.5 4v16",
	cameras: "M12 8a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM3 8.5A1.5 1.5 0 0 1 4.500 7H7l1.500-2.500h7L17 7h2.500A1.500 1.500 0 0 1 21 8.500v9a1.500 1.500 0 0 1-1.500 1.500h-15A1.500 1.500 0 0 1 3 17.500Z",
	storage: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3ZM4 6v6c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12v6c0 1.700 3.600 3 8 3s8-1.300 8-3v-6",
	users: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c.5-3.600 3-5.500 6.500-5.500s6 1.900 6.500 5.500M16 4.400a3.500 3.500 0 0 1 0 6.200M18 14.900c2 .7 3.200 2.400 3.500 5.100",
	system: "M4 5h16v10H4ZM9 20h6M12 15v5M8 9l2 2-2 2",
	theme: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 3v18M12 7h6.500M12 11h8.500M12 15h8M12 19h4",
	leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
	full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
	play: "M7 4.500v15l12.500-7.500Z",
	pause: "M8 5v14M16 5v14",
	left: "M15 5l-7 7 7 7",
	right: "M9 5l7 7-7 7",
	frameBack: "M17 5l-8 7 8 7ZM6 5v14",
	frameOn: "M7 5l8 7-8 7ZM18 5v14",
	back: "M12 5 4 12l8 7M20 5l-8 7 8 7",
	on: "M12 5l8 7-8 7M4 5l8 7-8 7",
	calendar: "M4 6h16v14H4ZM4 10h16M8 3v5M16 3v5",
	save: "M12 3v12M7 10l5 5 5-5M4 20h16",
	link: "M10 14a4 4 0 0 0 5.700 0l3.300-3.300a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0L5 13.300A4 4 0 0 0 10.700 19l1.300-1.300",
	keep: "M12 3l7 3v5.500c0 4.300-2.900 7.600-7 9.500-4.100-1.900-7-5.200-7-9.500V6Z",
	plus: "M12 5v14M5 12h14",
	minus: "M5 12h14",
	close: "M6 6l12 12M18 6 6 18",
	warn: "M12 4 2.500 20h19ZM12 10v4.500M12 17.300v.2",
	check: "M5 12.500l4.500 4.500L19 7",
	grid: "M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM13 13h7v7h-7Z",
	edit: "M4 20h4L19.500 8.500l-4-4L4 16ZM13 7l4 4",
	remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
	search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13ZM15.500 15.500 21 21",
	markIn: "M8 4v16M8 8l8 4-8 4",
	markOut: "M16 4v16M16 8l-8 4 8 4",
	eventBack: "M14 5l-7 7 7 7M18 12h.1",
	eventOn: "M10 5l7 7-7 7M6 12h.1",
} as const;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
			<path d={DRAWINGS[name]} />
		</svg>
	);
}
