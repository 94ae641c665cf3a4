//! Demands on what a JSON pointer leads to.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Mismatch, body, pattern};
use crate::case::{JsonOp, SortOrder};
use crate::client::Answer;
use crate::content::{Scope, ScopeError};

/// Compares a document that is not the body, such as the challenges of a header.
pub(super) fn compare_document(
    what: &str,
    document: &Value,
    pointer: &str,
    op: &JsonOp,
    scope: &Scope,
) -> Result<Option<Mismatch>, ScopeError> {
    let found = document.pointer(pointer);
    if holds(op, found, scope)? {
        return Ok(None);
    }
    let actual = found.map_or_else(|| "nothing there".to_string(), Value::to_string);
    Ok(Some(Mismatch::new(
        format!("{what} {pointer}"),
        expected(op, scope)?,
        actual,
    )))
}

pub(super) fn compare(
    pointer: &str,
    op: &JsonOp,
    answer: &Answer,
    scope: &Scope,
) -> Result<Option<Mismatch>, ScopeError> {
    let subject = format!("json {}", if pointer.is_empty() { "(whole)" } else { pointer });
    let Some(document) = body::parse(answer) else {
        let expected = format!("a JSON document with {}", expected(op, scope)?);
        return Ok(Some(Mismatch::new(subject, expected, body::shown(answer))));
    };
    let found = document.pointer(pointer);
    if holds(op, found, scope)? {
        return Ok(None);
    }
    let actual = found.map_or_else(|| "nothing there".to_string(), Value::to_string);
    Ok(Some(Mismatch::new(subject, expected(op, scope)?, actual)))
}

fn holds(op: &JsonOp, found: Option<&Value>, scope: &Scope) -> Result<bool, ScopeError> {
    let Some(found) = found else {
        return Ok(matches!(op, JsonOp::Absent));
    };
    Ok(match op {
        JsonOp::Equals(json) => equal(found, &scope.json(json)?),
        JsonOp::OneOf(choices) => {
            let choices = choices
                .iter()
                .map(|json| scope.json(json))
                .collect::<Result<Vec<_>, _>>()?;
            choices.iter().any(|choice| equal(found, choice))
        }
        JsonOp::Present => true,
        JsonOp::Absent => false,
        JsonOp::Contains(json) => {
            let wanted = scope.json(json)?;
            found
                .as_array()
                .is_some_and(|items| items.iter().any(|item| includes(item, &wanted)))
        }
        JsonOp::Lacks(json) => {
            let unwanted = scope.json(json)?;
            list(found).is_some_and(|items| !items.iter().any(|item| includes(item, &unwanted)))
        }
        JsonOp::Includes(json) => includes(found, &scope.json(json)?),
        JsonOp::Length(length) => len(found) == Some(*length),
        JsonOp::MinLength(least) => len(found).is_some_and(|length| length >= *least),
        JsonOp::MaxLength(most) => len(found).is_some_and(|length| length <= *most),
        JsonOp::AtLeast(least) => found.as_f64().is_some_and(|number| number >= *least as f64),
        JsonOp::Items(wanted) => {
            let wanted = wanted
                .iter()
                .map(|json| scope.json(json))
                .collect::<Result<Vec<_>, _>>()?;
            list(found).is_some_and(|items| same_items(items, &wanted))
        }
        JsonOp::Type(name) => type_of(found) == name || (name == "number" && found.is_number()),
        JsonOp::Sorted(order) => list(found).is_some_and(|items| sorted(items, *order)),
        JsonOp::Unique(pointer) => list(found).is_some_and(|items| unique(items, pointer)),
        JsonOp::Every(demands) => match list(found) {
            None => false,
            Some(items) => {
                for item in items {
                    for (pointer, op) in demands {
                        if !holds(op, item.pointer(pointer), scope)? {
                            return Ok(false);
                        }
                    }
                }
                true
            }
        },
        // The loader refuses expressions that do not compile.
        JsonOp::Matches(pattern) => found
            .as_str()
            .is_some_and(|text| pattern::finds(pattern, text.as_bytes())),
    })
}

/// Equal as JSON: numbers by value, members in any order.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| equal(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Every member and value of `wanted` is in `found` too.
fn includes(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| found.get(name).is_some_and(|found| includes(found, wanted))),
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(found, wanted)| includes(found, wanted))
        }
        (found, wanted) => equal(found, wanted),
    }
}

/// Each of `wanted` is included in an element of its own, and no element is left.
fn same_items(items: &[Value], wanted: &[Value]) -> bool {
    if items.len() != wanted.len() {
        return false;
    }
    let mut left: Vec<&Value> = items.iter().collect();
    wanted
        .iter()
        .all(|wanted| match left.iter().position(|item| includes(item, wanted)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
}

fn len(value: &Value) -> Option<u64> {
    match value {
        Value::Array(items) => Some(items.len() as u64),
        Value::Object(members) => Some(members.len() as u64),
        Value::Null => Some(0),
        _ => None,
    }
}

/// The elements of an array. What a list holds is none the worse where it is written as null because it holds nothing; whether
/// null may stand there is for `type: array` to ask.
fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(items) => Some(items),
        Value::Null => Some(&[]),
        _ => None,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn sorted(items: &[Value], order: SortOrder) -> bool {
    let Some(texts) = items.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let bytes = || texts.windows(2).all(|pair| pair[0].cmp(pair[1]) != Ordering::Greater);
    let folded = || {
        texts
            .windows(2)
            .all(|pair| pair[0].to_lowercase() <= pair[1].to_lowercase())
    };
    match order {
        SortOrder::Bytes => bytes(),
        SortOrder::CaseInsensitive => folded(),
        SortOrder::Either => bytes() || folded(),
    }
}

fn unique(items: &[Value], pointer: &str) -> bool {
    let mut seen: Vec<&Value> = items.iter().filter_map(|item| item.pointer(pointer)).collect();
    let before = seen.len();
    seen.sort_by_key(|value| value.to_string());
    seen.dedup();
    seen.len() == before
}

fn expected(op: &JsonOp, scope: &Scope) -> Result<String, ScopeError> {
    let json = |json| scope.json(json).map(|value| value.to_string());
    Ok(match op {
        JsonOp::Equals(value) => json(value)?,
        JsonOp::OneOf(values) => values.iter().map(json).collect::<Result<Vec<_>, _>>()?.join(" or "),
        JsonOp::Present => "any value".to_string(),
        JsonOp::Absent => "nothing there".to_string(),
        JsonOp::Contains(value) => format!("an array with an element like {}", json(value)?),
        JsonOp::Lacks(value) => format!("an array without an element like {}", json(value)?),
        JsonOp::Includes(value) => format!("a value that includes {}", json(value)?),
        JsonOp::Length(length) => format!("{length} elements"),
        JsonOp::MinLength(length) => format!("at least {length} elements"),
        JsonOp::MaxLength(length) => format!("at most {length} elements"),
        JsonOp::AtLeast(least) => format!("a number of at least {least}"),
        JsonOp::Items(values) => format!(
            "exactly these elements, in any order: {}",
            values.iter().map(json).collect::<Result<Vec<_>, _>>()?.join(", ")
        ),
        JsonOp::Type(name) => format!("a JSON {name}"),
        JsonOp::Sorted(SortOrder::Bytes) => "strings in byte order".to_string(),
        JsonOp::Sorted(SortOrder::CaseInsensitive) => "strings in case-insensitive order".to_string(),
        JsonOp::Sorted(SortOrder::Either) => "strings in byte order or in case-insensitive order".to_string(),
        JsonOp::Unique(pointer) if pointer.is_empty() => "no element twice".to_string(),
        JsonOp::Unique(pointer) => format!("no two elements with the same {pointer}"),
        JsonOp::Every(demands) => {
            let demands = demands
                .iter()
                .map(|(pointer, op)| Ok(format!("at {pointer} {}", expected(op, scope)?)))
                .collect::<Result<Vec<_>, ScopeError>>()?;
            format!("an array, every element with {}", demands.join(" and "))
        }
        JsonOp::Matches(pattern) => format!("a string like /{pattern}/"),
    })
}
