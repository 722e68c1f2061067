// A question of a form, with its label and what is wrong with the answer.

import { useId } from "preact/hooks";

type FieldProps = {
	label: string;
	value: string;
	onInput: (value: string) => void;
	type?: string;
	hint?: string | null;
	wrong?: string | null;
	autoComplete?: string;
	required?: boolean;
	autoFocus?: boolean;
	placeholder?: string;
	list?: string;
	spellcheck?: boolean;
};

export function Field({ label, value, onInput, hint, wrong, type = "text", ...more }: FieldProps) {
	const id = useId();
	const told = wrong || hint;
	return (
		<div class="field">
			<label for={id}>{label}</label>
			<input
				id={id} type={type} value={value} aria-invalid={wrong ? true : undefined} aria-describedby={told ? `${id}-told` : undefined}
				onInput={(event) => onInput(event.currentTarget.value)} {...more}
			/>
			{told && <p id={`${id}-told`} class={wrong ? "wrong" : "hint"}>{told}</p>}
		</div>
	);
}
