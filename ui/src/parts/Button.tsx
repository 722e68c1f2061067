// Buttons that are an icon, with their words for those who hear and for those who hover.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon";

type IconButtonProps = {
	icon: IconName;
	label: string;
	onClick: () => void;
	pressed?: boolean;
	disabled?: boolean;
	class?: string;
	shortcut?: string;
};

export function IconButton({ icon, label, onClick, pressed, disabled, shortcut, class: more = "" }: IconButtonProps) {
	const title = shortcut ? `${label} (${shortcut})` : label;
	return (
		<button
			type="button" class={`icon-button ${more}`} aria-label={label} title={title} aria-pressed={pressed}
			aria-keyshortcuts={shortcut} disabled={disabled} onClick={onClick}
		>
			<Icon name={icon} />
		</button>
	);
}

type ChoiceProps<T extends string> = {
	label: string;
	value: T;
	options: ReadonlyArray<{ value: T; text: ComponentChildren; label?: string }>;
	onChoose: (value: T) => void;
};

/** One of a few, side by side. */
export function Choice<T extends string>({ label, value, options, onChoose }: ChoiceProps<T>) {
	return (
		<div class="choice" role="group" aria-label={label}>
			{options.map((option) => (
				<button
					key={option.value} type="button" aria-pressed={option.value === value} aria-label={option.label}
					title={option.label} onClick={() => onChoose(option.value)}
				>
					{option.text}
				</button>
			))}
		</div>
	);
}
