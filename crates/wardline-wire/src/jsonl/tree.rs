//! JSON as it stands in a line: members in their order, repeated ones noticed.

use super::fault::Fault;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// The most members of an object that are kept. No object of ours has as many, so that among
/// those kept of a larger one is at least one that is unknown.
const MEMBERS_MAX: usize = 64;

/// A JSON value. Text without escapes is borrowed from the line.
#[derive(Debug)]
pub(super) enum Tree<'l> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Float(f64),
    Text(Cow<'l, str>),
    List(Vec<Tree<'l>>),
    Object(Object<'l>),
}

/// A JSON object.
#[derive(Debug, Default)]
pub(super) struct Object<'l> {
    members: Vec<(Cow<'l, str>, Tree<'l>)>,
    /// The first name that stands there twice.
    duplicate: Option<Cow<'l, str>>,
}

impl<'l> Object<'l> {
    pub fn get(&self, name: &str) -> Option<&Tree<'l>> {
        self.members.iter().find(|(n, _)| n == name).map(|(_, tree)| tree)
    }

    pub fn duplicate(&self) -> Option<&str> {
        self.duplicate.as_deref()
    }

    /// Checks that each member is there once and is one of these.
    pub fn only(&self, names: &[&str]) -> Result<(), Fault> {
        if let Some(name) = self.duplicate() {
            return Err(Fault::of_member("duplicate_member", name));
        }
        match self.members.iter().find(|(name, _)| !names.contains(&&**name)) {
            Some((name, _)) => Err(Fault::of_member("unknown_member", name)),
            None => Ok(()),
        }
    }

    /// Reads a member that must be there.
    pub fn need<'t, T>(
        &'t self,
        name: &'static str,
        read: impl FnOnce(&'t Tree<'l>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let absent = || Fault::of_member("missing_member", name);
        self.take(name, read)?.ok_or_else(absent)
    }

    /// Reads a member that may be absent.
    pub fn take<'t, T>(
        &'t self,
        name: &'static str,
        read: impl FnOnce(&'t Tree<'l>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let value = self.get(name).map(read).transpose();
        value.map_err(|fault| fault.within(name))
    }

    fn insert(&mut self, name: Cow<'l, str>, tree: Tree<'l>) {
        if self.get(&name).is_some() {
            self.duplicate.get_or_insert(name);
        } else if self.members.len() < MEMBERS_MAX {
            self.members.push((name, tree));
        }
    }
}

/// For messages: lists and objects are only hinted at.
impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => write!(f, "null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Unsigned(value) => write!(f, "{value}"),
            Self::Negative(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(list) => write!(f, "a list of {}", list.len()),
            Self::Object(_) => write!(f, "an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Tree::Unsigned(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(value).map_or(Tree::Negative(value), Tree::Unsigned))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Tree::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = access.next_element()? {
            list.push(element);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some((name, tree)) = access.next_entry()? {
            match name {
                Tree::Text(name) => object.insert(name, tree),
                _ => return Err(A::Error::custom("a name that is no text")),
            }
        }
        Ok(Tree::Object(object))
    }
}
