//! `Element`: XML of strangers as a tree, within bounds.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, Prefix, QName, ResolveResult};
use quick_xml::{NsReader, XmlVersion};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// An element with all that is in it. Names are told apart by the URI of their namespace, whatever the prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: Name,
    /// Without those that declare namespaces; only their local names.
    attributes: Vec<(String, String)>,
    /// All text directly in it, blanks around it taken off.
    text: String,
    /// The words of the text that are names with a known prefix, in their order.
    names: Vec<Name>,
    /// The prefixes of these words.
    prefixes: Vec<String>,
    children: Vec<Element>,
}

/// A name in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The namespace's URI; empty where there is none.
    pub space: Arc<str>,
    /// The name in it.
    pub local: String,
}

/// Why a text is not taken as XML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotXml(String);

/// No answer of a camera is deeper; a deeper one is made to hurt.
const MAX_DEPTH: usize = 48;
/// Of one document. A camera with dozens of profiles answers with a few thousand.
const MAX_ELEMENTS: usize = 20_000;
/// Namespaces declared at a time.
const MAX_BINDINGS: usize = 4096;
/// Of attributes and of names in a text, for each element.
const MAX_PARTS: usize = 64;

impl Element {
    /// Reads a document. Bytes that are no UTF-8 are replaced; a document type is refused, and so is whatever is deeper
    /// or larger than a camera's answers are. Its size is for the caller to bound.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotXml> {
        let text = String::from_utf8_lossy(bytes);
        let mut reader = NsReader::from_str(text.trim_start_matches(['\u{feff}', '\0', ' ', '\r', '\n', '\t']));
        reader.config_mut().check_end_names = true;
        reader.resolver_mut().set_max_namespace_bindings(MAX_BINDINGS);
        let mut tree = Tree::default();
        loop {
            let event = reader.read_event().map_err(|e| NotXml(e.to_string()))?;
            let spaces = reader.resolver();
            match event {
                Event::Start(start) => tree.begin(&start, spaces)?,
                Event::Empty(start) => {
                    tree.begin(&start, spaces)?;
                    tree.end(spaces)?;
                }
                Event::End(_) => tree.end(spaces)?,
                Event::Text(text) => tree.text(&text.xml10_content())?,
                Event::CData(text) => tree.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                    Ok(Some(c)) => tree.text(c.encode_utf8(&mut [0; 4]))?,
                    Ok(None) => tree.text(predefined(&reference).ok_or_else(|| no("an entity that is not known"))?)?,
                    Err(e) => return Err(NotXml(e.to_string())),
                },
                Event::DocType(_) => return Err(no("a document type")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => return tree.root.ok_or_else(|| no("it ends within an element")),
            }
            // Some cameras send zeros or a second document behind the first.
            if let Some(root) = tree.root.take() {
                return Ok(root);
            }
        }
    }

    /// Its name is this one.
    pub fn is(&self, space: &str, local: &str) -> bool {
        &*self.name.space == space && self.name.local == local
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What is directly in it.
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// The elements of this name directly in it.
    pub fn all<'a>(&'a self, space: &'a str, local: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(space, local))
    }

    /// The first element of this name directly in it.
    pub fn child(&self, space: &str, local: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(space, local))
    }

    /// The first element at the end of this path, each step of one namespace.
    pub fn at(&self, space: &str, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, local| element.child(space, local))
    }

    /// The text there; `None` when nothing is there, or no text.
    pub fn text_at(&self, space: &str, path: &[&str]) -> Option<&str> {
        self.at(space, path).map(Element::text).filter(|text| !text.is_empty())
    }

    /// The text there as a number.
    pub fn number_at(&self, space: &str, path: &[&str]) -> Option<f64> {
        self.text_at(space, path)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names in its text.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// An attribute by its local name.
    pub fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == local).map(|(_, value)| value.as_str())
    }

    /// It and all below it, each before what is in it.
    pub fn walk(&self, visit: &mut impl FnMut(&Element)) {
        visit(self);
        self.children.iter().for_each(|child| child.walk(visit));
    }

    /// It as XML again, each element with the namespace it is in.
    pub fn to_xml(&self) -> String {
        let mut xml = String::new();
        self.write(&mut xml);
        xml
    }

    fn write(&self, xml: &mut String) {
        let Name { space, local } = &self.name;
        xml.push_str(&format!("<{local} xmlns=\"{}\"", escaped(space)));
        for (name, value) in &self.attributes {
            xml.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        for (at, (prefix, name)) in self.prefixes.iter().zip(&self.names).enumerate() {
            if !self.prefixes[..at].contains(prefix) {
                xml.push_str(&format!(" xmlns:{prefix}=\"{}\"", escaped(&name.space)));
            }
        }
        xml.push('>');
        xml.push_str(&escaped(&self.text));
        self.children.iter().for_each(|child| child.write(xml));
        xml.push_str(&format!("</{local}>"));
    }
}

/// A text as it may stand between tags and in an attribute.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&apos;"),
            // XML 1.0 has no way to write the others.
            '\t' | '\n' | '\r' => safe.push_str(&format!("&#{};", u32::from(c))),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no XML that is taken: {}", self.0)
    }
}

/// What is read so far.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Each URI once: a document has a few, and its elements thousands.
    spaces: Vec<Arc<str>>,
}

impl Tree {
    fn begin(&mut self, start: &BytesStart<'_>, spaces: &NamespaceResolver) -> Result<(), NotXml> {
        self.elements += 1;
        if self.open.len() == MAX_DEPTH || self.elements > MAX_ELEMENTS {
            return Err(no("deeper or larger than a camera's answers are"));
        }
        let (space, local) = spaces.resolve_element(start.name());
        let name = Name { space: self.space(&space), local: checked(local.as_ref())?.to_owned() };
        let mut attributes: Vec<(String, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| NotXml(e.to_string()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            if attributes.len() == MAX_PARTS {
                return Err(no("too many attributes"));
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| NotXml(e.to_string()))?;
            // Two that differ by their namespace alone are not told apart: the first counts.
            let name = checked(attribute.key.local_name().as_ref())?.to_owned();
            if name != "xmlns" && attributes.iter().all(|(known, _)| *known != name) {
                attributes.push((name, value.into_owned()));
            }
        }
        self.open.push(Element {
            name,
            attributes,
            text: String::new(),
            names: Vec::new(),
            prefixes: Vec::new(),
            children: Vec::new(),
        });
        Ok(())
    }

    fn end(&mut self, spaces: &NamespaceResolver) -> Result<(), NotXml> {
        let mut element = self.open.pop().ok_or_else(|| no("an end without a beginning"))?;
        element.text = element.text.trim().to_owned();
        for word in element.text.split_whitespace().take(MAX_PARTS) {
            let name = QName(word);
            let prefix_text = word.split(':').next().unwrap_or_default();
            if let (local, Some(prefix)) = name.decompose()
                && checked(prefix_text).is_ok()
                && !prefix_text.starts_with("xml")
                && let space @ ResolveResult::Bound(_) = spaces.resolve_prefix(Some(prefix as Prefix<'_>), true)
            {
                element.names.push(Name { space: self.space(&space), local: local.as_ref().to_owned() });
                element.prefixes.push(prefix_text.to_owned());
            }
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), NotXml> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(no("text outside of all elements")),
        }
        Ok(())
    }

    fn space(&mut self, found: &ResolveResult<'_>) -> Arc<str> {
        let uri = match found {
            ResolveResult::Bound(Namespace(uri)) => unescape(uri.trim()).unwrap_or(Cow::Borrowed(uri)),
            ResolveResult::Unbound | ResolveResult::Unknown(_) => Cow::Borrowed(""),
        };
        match self.spaces.iter().find(|known| known[..] == *uri) {
            Some(known) => known.clone(),
            None => {
                let new: Arc<str> = (*uri).into();
                self.spaces.push(new.clone());
                new
            }
        }
    }
}

/// A name as makers use them; what is none would be read as something else when it is written again.
fn checked(name: &str) -> Result<&str, NotXml> {
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    let goes_on = |c: char| is_first(c) || c.is_numeric() || c == '-' || c == '.';
    match name.starts_with(is_first) && name.chars().all(goes_on) {
        true => Ok(name),
        false => Err(no("a name that is none")),
    }
}

fn predefined(entity: &str) -> Option<&'static str> {
    Some(match entity {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}

fn no(what: &str) -> NotXml {
    NotXml(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Element::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn names_go_by_their_uri_whatever_the_prefix() {
        let text = "\u{feff}\n<?xml version=\"1.0\"?><!-- odd --><q:A xmlns:q='urn:a' xmlns='urn:b'>\
                    <B C=\"1 &amp; 2\" q:D='x'>  a &lt;b&gt;<![CDATA[ <c> ]]>&#x263a; \n</B><E xmlns=''/></q:A>\0\0 trailing";
        let a = Element::parse(text.as_bytes()).unwrap();
        assert!(a.is("urn:a", "A") && !a.is("urn:b", "A"));
        let b = a.child("urn:b", "B").unwrap();
        assert_eq!((b.text(), b.attribute("C"), b.attribute("D")), ("a <b> <c> ☺", Some("1 & 2"), Some("x")));
        assert!(a.child("", "E").is_some() && a.child("urn:b", "E").is_none());
    }

    #[test]
    fn names_in_a_text_go_by_their_uri_too() {
        let text = "<a xmlns:x='urn:x'>\n x:One  y:Two\tx:Three http://four <b xmlns:y='urn:y'>y:Five</b></a>";
        let a = Element::parse(text.as_bytes()).unwrap();
        let told = |e: &Element| e.names().iter().map(|n| format!("{}|{}", n.space, n.local)).collect::<Vec<_>>();
        assert_eq!(told(&a), ["urn:x|One", "urn:x|Three"]);
        assert_eq!(told(&a.children()[0]), ["urn:y|Five"]);
    }

    #[test]
    fn what_is_made_to_hurt_is_refused() {
        assert!(refusal("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>").ends_with("a document type"));
        assert!(refusal("<a>&b;</a>").ends_with("an entity that is not known"));
        assert!(refusal(&"<a>".repeat(MAX_DEPTH + 1)).ends_with("deeper or larger than a camera's answers are"));
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert!(refusal(&wide).ends_with("deeper or larger than a camera's answers are"));
        let bindings: String = (0..=MAX_BINDINGS).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
        assert!(!refusal(&format!("<a{bindings}/>")).is_empty());
        for text in
            ["", " ", "a", "<a>", "<a></b>", "<a b='1' b='2'/>", "</a>", "<a", "{\"a\": 1}", "<html><br></html>"]
        {
            assert!(Element::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_alike() {
        let text = "<a xmlns='urn:&quot;a' b='&lt;&#10;\"'>x:y &amp; <c xmlns:x='urn:x'>x:y</c></a>";
        let element = Element::parse(text.as_bytes()).unwrap();
        let again = Element::parse(element.to_xml().as_bytes()).unwrap();
        assert_eq!((again.text(), again.attribute("b")), ("x:y &", Some("<\n\"")));
        assert!(again.is("urn:\"a", "a"));
    }
}
