//! The document against the table of routes.

use super::*;
use crate::base::Obstacle;
use crate::media::recording::Cause;
use crate::web::api::recordings::MAX_ROWS;
use crate::web::route::Route;
use crate::web::route::table::RESOURCES;
use http::Method;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// A method of a path, as the document has it.
struct Operation<'a> {
    document: &'a Value,
    path: &'a str,
    item: &'a Value,
    method: &'a str,
}

fn document() -> Value {
    serde_json::from_str(&DOCUMENT).unwrap()
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|&key| key != "parameters") {
            all.push(Operation { document, path, item, method });
        }
    }
    all
}

impl<'a> Operation<'a> {
    /// In the path, in the query, or in the head.
    fn parameters(&self, place: &str) -> Vec<&'a Value> {
        let both = [&self.item["parameters"], &self.item[self.method]["parameters"]];
        let all = both.into_iter().filter_map(Value::as_array).flatten();
        all.map(|p| resolved(self.document, p)).filter(|p| p["in"] == place).collect()
    }

    fn names(&self, place: &str) -> BTreeSet<&'a str> {
        self.parameters(place).iter().map(|p| p["name"].as_str().unwrap()).collect()
    }

    /// The path with examples for its variables.
    fn address(&self) -> String {
        self.parameters("path").iter().fold(self.path.to_owned(), |path, parameter| {
            let name = parameter["name"].as_str().unwrap();
            path.replace(&format!("{{{name}}}"), &self.values(parameter)[0])
        })
    }

    /// What the document says that a parameter may be, as text.
    fn values(&self, parameter: &Value) -> Vec<String> {
        let schema = resolved(self.document, &parameter["schema"]);
        let several = [&parameter["example"], &schema["examples"], &schema["enum"]];
        let values = several.into_iter().flat_map(|v| v.as_array().cloned().unwrap_or_else(|| vec![v.clone()]));
        let boolean = if schema["type"] == "boolean" { vec![json!(false), json!(true)] } else { vec![] };
        let values: Vec<Value> = values.chain(boolean).filter(|v| !v.is_null()).collect();
        assert!(!values.is_empty(), "{}: {} has no example", self.path, parameter["name"]);
        values.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect()
    }

    fn parses(&self, query: &str) -> bool {
        let method: Method = self.method.to_uppercase().parse().unwrap();
        Route::parse(&method, &self.address(), Some(query), &TimeZone::UTC).is_ok()
    }
}

/// What `$ref` stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(at) => resolved(document, document.pointer(&at[1..]).unwrap_or_else(|| panic!("nothing is at {at}"))),
        None => value,
    }
}

#[test]
fn document_and_table_have_the_same_paths_methods_and_parameters() {
    let document = document();
    let line = |method: &str, path: &str, names: BTreeSet<&str>| {
        format!("{} {path}?{}", method.to_uppercase(), Vec::from_iter(names).join("&"))
    };
    let described = operations(&document);
    let described: BTreeSet<String> = described.iter().map(|o| line(o.method, o.path, o.names("query"))).collect();
    let mut read = BTreeSet::new();
    for resource in RESOURCES {
        for operation in resource.operations {
            let names = || operation.parameters.iter().copied().collect();
            read.insert(line(operation.method, resource.path, names()));
            if operation.method == "GET" {
                read.insert(line("HEAD", resource.path, names()));
            }
        }
    }
    let missing: Vec<_> = read.difference(&described).chain(described.difference(&read)).collect();
    assert!(missing.is_empty(), "only in the table, or only in the document: {missing:#?}");
}

#[test]
fn every_described_value_of_a_parameter_is_taken() {
    let document = document();
    for operation in operations(&document) {
        let path = operation.path;
        let variables = path.split('/').filter_map(|word| Some(word.strip_prefix('{')?.split_once('}')?.0));
        assert_eq!(BTreeSet::from_iter(variables), operation.names("path"), "{path}");
        // Some parameters make sense beside others only.
        let bases = ["", "s=1&", "start90k=0&", "end90k=9000000000000000&"];
        assert!(bases.iter().chain(&["start90k=0&end90k=1", "time90k=0"]).any(|base| operation.parses(base)), "{path}");
        for parameter in operation.parameters("query") {
            assert!(parameter["required"] != true || !operation.parses(""), "{path}: not all is needed");
            let name = parameter["name"].as_str().unwrap();
            for value in operation.values(parameter) {
                let taken = bases.iter().any(|base| operation.parses(&format!("{base}{name}={value}")));
                assert!(taken, "{path}?{name}={value}");
            }
        }
    }
}

#[test]
fn each_name_leads_somewhere_and_each_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    for scheme in document["security"].as_array().unwrap().iter().filter_map(Value::as_object).flat_map(Map::keys) {
        used.insert(format!("#/components/securitySchemes/{scheme}"));
    }
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        if let Some(at) = value["$ref"].as_str() {
            resolved(&document, value);
            used.insert(at.to_owned());
        }
        match value {
            Value::Array(all) => left.extend(all),
            Value::Object(all) => left.extend(all.values()),
            _ => {}
        }
    }
    for (kind, all) in document["components"].as_object().unwrap() {
        for name in all.as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{kind}/{name} is not used");
        }
    }
    let ids: Vec<_> = operations(&document).iter().map(|o| o.item[o.method]["operationId"].clone()).collect();
    let distinct: BTreeSet<_> = ids.iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), distinct.len(), "an operationId is there twice");
}

#[test]
fn fixed_words_are_those_of_the_code() {
    let words: Vec<&str> = Cause::ALL.iter().map(|cause| cause.words()).collect();
    let schemas = &document()["components"]["schemas"];
    let obstacles = Obstacle::ALL.map(Obstacle::word);
    assert_eq!(schemas["Obstacle"]["enum"], json!(obstacles));
    assert_eq!(schemas["Cause"]["enum"], json!(words));
    assert_eq!(schemas["Listing"]["properties"]["recordings"]["maxItems"], json!(MAX_ROWS));
}
