//! `each`: one case of the file, many cases of the suite.
//!
//! Owns the combinations of the values and the filling in of `${name}` in the case's tree, before anything is decoded.
//! It refuses to know what the case says.

use super::diagnostic::{Code, Diagnostic, Found, Span};
use super::tree::{Key, Tree, Value};

/// Combinations of one case.
const MAX_VARIANTS: usize = 512;
/// Values in all trees that one file becomes.
const MAX_WEIGHT: usize = 400_000;

/// A case with one combination of values.
#[derive(Debug)]
pub(super) struct Variant {
    /// The case without `each`.
    pub(super) tree: Tree,
    /// The names of the values, for the id.
    pub(super) values: Vec<String>,
    /// The lists of further needs.
    pub(super) needs: Vec<Tree>,
}

/// A variable and its values.
struct Axis<'t> {
    name: &'t Key,
    values: Vec<Choice<'t>>,
}

struct Choice<'t> {
    name: String,
    value: Tree,
    needs: Option<&'t Tree>,
}

/// The cases that one case of a file stands for. `weight` is what the file has become so far.
pub(super) fn variants(case: &Tree, weight: &mut usize, found: &mut Found) -> Vec<Variant> {
    let Value::Map(entries) = &case.value else {
        return Vec::new();
    };
    let axes = match case.get("each") {
        Some(each) => axes(each, found),
        None => Vec::new(),
    };
    let count = axes
        .iter()
        .try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    let count = match count {
        Some(count) if count <= MAX_VARIANTS => count,
        _ => {
            let span = case.get("each").map_or(case.head(), Tree::head);
            let message = format!("`each` makes more than {MAX_VARIANTS} cases of this one");
            found.add(Diagnostic::new(Code::TooLarge, span, message));
            return Vec::new();
        }
    };
    let body: Vec<&(Key, Tree)> = entries.iter().filter(|(key, _)| key.text != "each").collect();
    let mut used = vec![false; axes.len()];
    let mut variants = Vec::with_capacity(count);
    for number in 0..count {
        let chosen = choose(&axes, number);
        let mut filling = Filling {
            chosen: &chosen,
            axes: &axes,
            used: &mut used,
            weight,
            found,
        };
        let entries = body
            .iter()
            .map(|(key, value)| match key.text.as_str() {
                "case" => (key.clone(), value.clone()),
                _ => (filling.key(key), filling.fill(value)),
            })
            .collect();
        if *weight > MAX_WEIGHT {
            let message = "`each` makes too much of this file";
            found.add(Diagnostic::new(Code::TooLarge, case.head(), message).help("split the file"));
            return Vec::new();
        }
        variants.push(Variant {
            tree: Tree {
                span: case.span,
                value: Value::Map(entries),
            },
            values: chosen.iter().map(|choice| choice.name.clone()).collect(),
            needs: chosen.iter().filter_map(|choice| choice.needs.cloned()).collect(),
        });
    }
    for (axis, _) in axes.iter().zip(&used).filter(|(_, used)| !**used) {
        let message = format!("the variable `{}` of `each` is never used", axis.name.text);
        let diagnostic = Diagnostic::new(Code::Unused, axis.name.span, message);
        found.add(diagnostic.help(format!("write `${{{}}}` where its values belong", axis.name.text)));
    }
    variants
}

/// The combination of this number; the last variable changes fastest.
fn choose<'c, 't>(axes: &'c [Axis<'t>], mut number: usize) -> Vec<&'c Choice<'t>> {
    let mut chosen = Vec::with_capacity(axes.len());
    for axis in axes.iter().rev() {
        chosen.push(&axis.values[number % axis.values.len()]);
        number /= axis.values.len();
    }
    chosen.reverse();
    chosen
}

fn axes<'t>(each: &'t Tree, found: &mut Found) -> Vec<Axis<'t>> {
    let Value::Map(entries) = &each.value else {
        found.add(
            Diagnostic::new(
                Code::WrongType,
                each.head(),
                "`each` is a mapping from variables to lists of values",
            )
            .label(format!("this is {}", each.kind())),
        );
        return Vec::new();
    };
    let mut axes = Vec::new();
    for (name, values) in entries {
        let good = !name.text.is_empty() && name.text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !good {
            let message = format!("`{}` is not the name of a variable", name.text);
            let help = "names are lower-case letters, digits and hyphens";
            found.add(Diagnostic::new(Code::BadName, name.span, message).help(help));
        }
        let Value::List(items) = &values.value else {
            let diagnostic = Diagnostic::new(Code::WrongType, values.head(), "a list of values is needed here");
            found.add(diagnostic.label(format!("this is {}", values.kind())));
            continue;
        };
        let choices: Vec<_> = items.iter().filter_map(|item| choice(item, found)).collect();
        if items.is_empty() {
            let message = format!("`{}` has no values, so the case is never run", name.text);
            found.add(Diagnostic::new(Code::WithoutEffect, name.span, message));
        }
        if choices.is_empty() {
            continue;
        }
        axes.push(Axis { name, values: choices });
    }
    axes
}

/// `value`, `{value: {needs: [..]}}` or `{name: {value: .., needs: [..]}}`.
fn choice<'t>(item: &'t Tree, found: &mut Found) -> Option<Choice<'t>> {
    let (name, span, value, needs) = match &item.value {
        Value::Scalar { text, .. } => (text, item.span, item.clone(), None),
        Value::Map(entries) if entries.len() == 1 => {
            let (key, options) = &entries[0];
            let Value::Map(given) = &options.value else {
                let diagnostic = Diagnostic::new(
                    Code::WrongType,
                    options.head(),
                    "the options of a value are needed here",
                );
                found.add(diagnostic.help("such as `{needs: [referrers]}` or `{value: 1}`"));
                return None;
            };
            for (option, _) in given
                .iter()
                .filter(|(key, _)| !matches!(key.text.as_str(), "value" | "needs"))
            {
                let message = format!("a value of `each` has no key `{}`", option.text);
                let diagnostic = Diagnostic::new(Code::UnknownKey, option.span, message);
                found.add(diagnostic.did_you_mean(&option.text, ["value", "needs"]));
            }
            let itself = Tree {
                span: key.span,
                value: Value::Scalar {
                    text: key.text.clone(),
                    plain: true,
                },
            };
            let value = options.get("value").cloned().unwrap_or(itself);
            (&key.text, key.span, value, options.get("needs"))
        }
        Value::Map(_) | Value::List(_) => {
            let diagnostic = Diagnostic::new(Code::WrongType, item.head(), "a value of `each` is a scalar");
            found.add(diagnostic.help("give any other value a name: `name: {value: ..}`"));
            return None;
        }
    };
    if name.is_empty()
        || name
            .chars()
            .any(|c| matches!(c, '[' | ']' | ',' | '$') || c.is_whitespace() || c.is_control())
    {
        let message = format!("`{name}` cannot be part of an id");
        found.add(Diagnostic::new(Code::BadName, span, message).help("give the value a name: `name: {value: ..}`"));
    }
    Some(Choice {
        name: name.clone(),
        value,
        needs,
    })
}

/// Fills the chosen values into a tree.
struct Filling<'a, 't> {
    chosen: &'a [&'a Choice<'t>],
    axes: &'a [Axis<'t>],
    used: &'a mut [bool],
    weight: &'a mut usize,
    found: &'a mut Found,
}

impl Filling<'_, '_> {
    fn fill(&mut self, tree: &Tree) -> Tree {
        if *self.weight > MAX_WEIGHT {
            return tree.clone();
        }
        *self.weight += 1;
        let value = match &tree.value {
            Value::Scalar { text, plain } => {
                if let Some(index) = self.whole(text) {
                    self.used[index] = true;
                    let value = self.chosen[index].value.clone();
                    *self.weight += value.weight();
                    return value;
                }
                Value::Scalar {
                    text: self.text(text, tree.span),
                    plain: *plain,
                }
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.fill(item)).collect()),
            Value::Map(entries) => {
                let filled: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| (self.key(key), self.fill(value)))
                    .collect();
                Value::Map(filled)
            }
        };
        Tree { span: tree.span, value }
    }

    fn key(&mut self, key: &Key) -> Key {
        Key {
            text: self.text(&key.text, key.span),
            span: key.span,
        }
    }

    /// The variable of `each` that this text is, and nothing else.
    fn whole(&self, text: &str) -> Option<usize> {
        let name = text.strip_prefix("${")?.strip_suffix('}')?.trim();
        self.axes.iter().position(|axis| axis.name.text == name)
    }

    /// The text with the variables of `each` filled in; other variables and `$$` stay.
    fn text(&mut self, text: &str, span: Span) -> String {
        if self.axes.is_empty() || !text.contains("${") {
            return text.to_string();
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            filled.push_str(before);
            let close = from.find('}');
            let axis = match (from.strip_prefix("${"), close) {
                (Some(inside), Some(close)) => {
                    let name = inside.get(..close - 2).unwrap_or_default().trim();
                    self.axes
                        .iter()
                        .position(|axis| axis.name.text == name)
                        .map(|index| (index, close))
                }
                _ => None,
            };
            let skipped = match axis {
                Some((index, close)) => {
                    self.used[index] = true;
                    filled.push_str(&self.scalar(index, span));
                    close + 1
                }
                None => {
                    let length = if from.starts_with("$$") { 2 } else { 1 };
                    filled.push_str(&from[..length]);
                    length
                }
            };
            rest = &from[skipped..];
        }
        filled.push_str(rest);
        filled
    }

    fn scalar(&mut self, index: usize, span: Span) -> String {
        match &self.chosen[index].value.value {
            Value::Scalar { text, .. } => text.clone(),
            Value::List(_) | Value::Map(_) => {
                let message = format!(
                    "the value of `{}` cannot be a part of a text",
                    self.axes[index].name.text
                );
                let value = self.chosen[index].value.head();
                let diagnostic = Diagnostic::new(Code::WrongType, span, message);
                self.found.add(diagnostic.note_at(value, "this value"));
                String::new()
            }
        }
    }
}
