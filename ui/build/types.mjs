// Writes src/api/schema.d.ts: the types of the API, from the rooms of its OpenAPI document.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const ROOMS = at("../../src/web/openapi/");

const schemas = {};
for (const room of readdirSync(ROOMS).filter((name) => name.endsWith(".json"))) {
	Object.assign(schemas, JSON.parse(readFileSync(ROOMS + room, "utf8")).components?.schemas);
}
const types = Object.entries(schemas).map(([name, schema]) => `${said(schema, "")}export type ${name} = ${type(schema, "")};\n`);
writeFileSync(at("../src/api/schema.d.ts"), `// Made by build/types.mjs from src/web/openapi.\n\n${types.join("\n")}`);

/** A schema as a type of TypeScript; `indent` stands before its lines. */
function type(schema, indent) {
	if (schema === true || schema === undefined) return "unknown";
	if (schema.$ref) return schema.$ref.split("/").pop();
	if ("const" in schema) return JSON.stringify(schema.const);
	if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
	const either = schema.oneOf ?? schema.anyOf;
	if (either) return either.map((one) => type(one, indent)).join(" | ");
	if (schema.allOf) return schema.allOf.map((one) => type(one, indent)).join(" & ");
	const kinds = [schema.type ?? (schema.properties ? "object" : "unknown")].flat();
	return kinds.map((kind) => plain(kind, schema, indent)).join(" | ");
}

function plain(kind, schema, indent) {
	switch (kind) {
		case "integer":
		case "number":
			return "number";
		case "array":
			if (schema.prefixItems) return `[${schema.prefixItems.map((one) => type(one, indent)).join(", ")}]`;
			return `Array<${type(schema.items, indent)}>`;
		case "object":
			return object(schema, indent);
		default:
			return kind;
	}
}

function object(schema, indent) {
	const inner = `${indent}\t`;
	const needed = new Set(schema.required);
	const members = Object.entries(schema.properties ?? {}).map(
		([name, member]) => `${said(member, inner)}${inner}${name}${needed.has(name) ? "" : "?"}: ${type(member, inner)};\n`,
	);
	if (members.length === 0) return `Record<string, ${type(schema.additionalProperties || undefined, indent)}>`;
	return `{\n${members.join("")}${indent}}`;
}

function said(schema, indent) {
	return schema.description ? `${indent}/** ${schema.description.replaceAll("*/", "* /")} */\n` : "";
}
