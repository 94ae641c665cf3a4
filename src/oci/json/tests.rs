use proptest::prelude::*;

use super::*;

fn ok(text: &str) -> Node {
    parse(text.as_bytes(), Limits::default()).unwrap()
}

fn error(text: &str) -> (JsonFault, usize, String) {
    let error = parse(text.as_bytes(), Limits::default()).unwrap_err();
    (error.fault, error.position.offset, error.pointer)
}

#[test]
fn a_document_is_read_with_its_places() {
    let node = ok(" {\"a\": [1, -0.5e+3, true],\r\n\t\"b\\u00e9\\ud83d\\ude00\": null}\n");
    let a = node.member("a").unwrap();
    assert_eq!(a.offset, 7);
    assert_eq!(a.to_string(), "[1,-0.5e+3,true]");
    assert_eq!(node.member("bé😀").unwrap().value, Json::Null);
    assert_eq!(node.to_string(), "{\"a\":[1,-0.5e+3,true],\"bé😀\":null}");
}

#[test]
fn each_fault_has_its_place_and_pointer() {
    use JsonFault::*;
    let at = |fault, offset, pointer: &str| (fault, offset, pointer.to_owned());
    assert_eq!(error(""), at(End("a value"), 0, ""));
    assert_eq!(error("  "), at(End("a value"), 2, ""));
    assert_eq!(error("{\"a\":[1,nul]}"), at(Expected("a value"), 8, "/a/1"));
    assert_eq!(error("{\"a/b\":{\"~\":\"\\x\"}}"), at(Escape, 13, "/a~1b/~0"));
    assert_eq!(error("[1,]"), at(Expected("a value"), 3, "/1"));
    assert_eq!(error("[1 2]"), at(Expected("a comma or the end of the array"), 3, ""));
    assert_eq!(error("[1"), at(End("a comma or the end of the array"), 2, ""));
    assert_eq!(error("{\"a\":1,}"), at(Expected("a member's name"), 7, ""));
    assert_eq!(error("{\"a\" 1}"), at(Expected("a colon"), 5, ""));
    assert_eq!(error("{a:1}"), at(Expected("a member's name"), 1, ""));
    assert_eq!(error("\"a"), at(End("the end of a string"), 2, ""));
    assert_eq!(error("\"a\nb\""), at(Control, 2, ""));
    assert_eq!(error("\"\\ud800\""), at(LoneSurrogate, 1, ""));
    assert_eq!(error("\"\\udc00\\ud800\""), at(LoneSurrogate, 1, ""));
    assert_eq!(error("\"\\ud800\\u0041\""), at(LoneSurrogate, 1, ""));
    assert_eq!(error("\"\\u00g0\""), at(Escape, 5, ""));
    assert_eq!(error("\"\\u00"), at(End("an escape"), 5, ""));
    assert_eq!(error("{} {}"), at(Trailing, 3, ""));
    assert_eq!(error("{}\0"), at(Trailing, 2, ""));
    assert_eq!(error("\u{feff}{}"), at(ByteOrderMark, 0, ""));
    assert_eq!(error("{}//"), at(Trailing, 2, ""));
    assert_eq!(error("NaN"), at(Expected("a value"), 0, ""));
    assert_eq!(error("{'a':1}"), at(Expected("a member's name"), 1, ""));
    for text in ["01", "-", "1.", "1e", "1e+", "-a", "0x2", "1.5.2", "2-", "1_0"] {
        let fault = error(text).0;
        assert!(matches!(fault, Number | Trailing), "{text}: {fault:?}");
    }
    for text in ["+2", ".5"] {
        assert_eq!(error(text).0, Expected("a value"));
    }
}

#[test]
fn a_repeated_name_is_found_at_any_depth_and_spelling() {
    let text = r#"{"a":[{"x":1,"\u0078":2}],"b":0,"a":1}"#;
    let (node, duplicates) = read(text.as_bytes(), Limits::default()).unwrap();
    assert_eq!(node.member("b").unwrap().to_string(), "0");
    let found: Vec<_> = duplicates
        .iter()
        .map(|error| (error.pointer.as_str(), error.position.offset))
        .collect();
    assert_eq!(found, [("/a/0/x", 13), ("/a", 32)]);
    assert_eq!(
        error(text),
        (JsonFault::DuplicateName("x".to_owned()), 13, "/a/0/x".to_owned())
    );
}

#[test]
fn a_position_counts_characters() {
    let error = parse("{\n  \"é\": \"é\" x}".as_bytes(), Limits::default()).unwrap_err();
    assert_eq!(error.position.to_string(), "2:12");
    assert_eq!(
        error.to_string(),
        "something else than a comma or the end of the object at 2:12 (the document)"
    );
    let invalid = parse(b"\"a\xff\"", Limits::default()).unwrap_err();
    assert_eq!((invalid.fault, invalid.position.offset), (JsonFault::NotUtf8, 2));
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    ok(&nested(MAX_DEPTH));
    assert_eq!(error(&nested(MAX_DEPTH + 1)).0, JsonFault::TooDeep(MAX_DEPTH));
    assert_eq!(error(&"[".repeat(100_000)).0, JsonFault::TooDeep(MAX_DEPTH));
    let deep = Limits {
        depth: usize::MAX,
        ..Limits::default()
    };
    assert!(parse(nested(DEPTH_CEILING).as_bytes(), deep).is_ok());
    let fault = parse(nested(DEPTH_CEILING + 1).as_bytes(), deep).unwrap_err().fault;
    assert_eq!(fault, JsonFault::TooDeep(DEPTH_CEILING));

    let small = Limits {
        size: 4,
        values: 2,
        ..Limits::default()
    };
    assert!(parse(b"[10]", small).is_ok());
    assert_eq!(parse(b"[100]", small).unwrap_err().fault, JsonFault::TooLarge(4));
    let few = Limits {
        values: 2,
        ..Limits::default()
    };
    assert_eq!(parse(b"[1,2]", few).unwrap_err().fault, JsonFault::TooManyValues(2));
    assert_eq!(
        error(&format!("[{}1]", "1,".repeat(MAX_VALUES))).0,
        JsonFault::TooManyValues(MAX_VALUES)
    );
}

#[test]
fn a_long_name_is_shortened_in_errors() {
    let (_, _, pointer) = error(&format!("{{\"{}\": x}}", "é".repeat(1000)));
    assert_eq!(pointer, format!("/{}…", "é".repeat(MAX_STEP / 2)));
}

fn any_node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(|number| Json::Number(number.to_string().into())),
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?".prop_map(|text| Json::Number(text.into())),
        any::<String>().prop_map(Json::String),
    ]
    .prop_map(|value| Node { offset: 0, value });
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            proptest::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|members| {
                Json::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| Member { name, value })
                        .collect(),
                )
            }),
        ]
        .prop_map(|value| Node { offset: 0, value })
    })
}

proptest! {
    #[test]
    fn printing_parses_back(node in any_node()) {
        prop_assert_eq!(ok(&node.to_string()), node);
    }

    #[test]
    fn what_is_accepted_others_accept_too(text in r#"[\[\]{}:,"\\ua0-2eE.tru nl\-]{0,24}"#) {
        if let Ok(node) = parse(text.as_bytes(), Limits::default()) {
            prop_assert_eq!(ok(&node.to_string()), node);
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert!(theirs.is_ok() || theirs.is_err_and(|error| error.to_string().contains("out of range")), "{}", text);
        }
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = read(&bytes, Limits::default());
    }
}
