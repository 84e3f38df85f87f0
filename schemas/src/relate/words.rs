//! The keyword by which a person finds what a schema demands.

use crate::sample::node::{Arena, Id, Keywords};

/// The most telling keyword of a schema, in backticks.
pub(super) fn keyword(arena: &Arena, id: Id) -> &'static str {
    let node = arena.node(id);
    composed(&node)
        .or_else(|| scalar(&node))
        .or_else(|| array(&node))
        .or_else(|| object(&node))
        .unwrap_or("`$ref`")
}

fn composed(node: &Keywords) -> Option<&'static str> {
    Some(match node {
        _ if node.odd.is_some() => "`$ref`",
        _ if node.any.is_some() => "`anyOf`",
        _ if node.one.is_some() => "`oneOf`",
        _ if !node.not.is_empty() => "`not`",
        _ if node.conditional.is_some() => "`if`",
        _ if !node.dependent.is_empty() => "`dependentSchemas`",
        _ if node.unevaluated_members.is_some() => "`unevaluatedProperties`",
        _ if node.unevaluated_items.is_some() => "`unevaluatedItems`",
        _ => return None,
    })
}

fn scalar(node: &Keywords) -> Option<&'static str> {
    Some(match node {
        _ if node.values.is_some() => "`enum`",
        _ if !node.numbers.multiples.is_empty() => "`multipleOf`",
        _ if node.numbers.least.is_some() => "`minimum`",
        _ if node.numbers.most.is_some() => "`maximum`",
        _ if !node.texts.patterns.is_empty() => "`pattern`",
        _ if node.texts.least > 0 => "`minLength`",
        _ if node.texts.most.is_some() => "`maxLength`",
        _ => return None,
    })
}

fn array(node: &Keywords) -> Option<&'static str> {
    let arrays = &node.arrays;
    Some(match arrays {
        _ if arrays.contains.is_some() => "`contains`",
        _ if arrays.unique => "`uniqueItems`",
        _ if arrays.row.is_some() => "`items`",
        _ if arrays.least > 0 => "`minItems`",
        _ if arrays.most.is_some() => "`maxItems`",
        _ => return None,
    })
}

fn object(node: &Keywords) -> Option<&'static str> {
    let objects = &node.objects;
    let layer = objects.layer.as_ref();
    Some(match objects {
        _ if objects.names.is_some() => "`propertyNames`",
        _ if layer.is_some_and(|layer| !layer.patterned.is_empty()) => "`patternProperties`",
        _ if layer.is_some_and(|layer| !layer.named.is_empty()) => "`properties`",
        _ if layer.is_some() => "`additionalProperties`",
        _ if !objects.required.is_empty() => "`required`",
        _ if objects.least > 0 => "`minProperties`",
        _ if objects.most.is_some() => "`maxProperties`",
        _ if node.types != crate::sample::node::Types::ANY => "`type`",
        _ if !node.all.is_empty() => "`allOf`",
        _ => return None,
    })
}
