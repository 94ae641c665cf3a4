//! Patterns on ids.

/// `*` stands for any text, `?` for one character.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, holds) in [
            ("push/*", "push/manifests/by-tag", true),
            ("*by-tag", "push/manifests/by-tag", true),
            ("push/?anifests/*", "push/manifests/by-tag", true),
            ("pull/*", "push/manifests/by-tag", false),
            ("a*b*c", "axxbxbxc", true),
            ("a", "ab", false),
        ] {
            assert_eq!(glob(pattern, text), holds, "{pattern} {text}");
        }
    }
}
