//! `evergate admin`: tokens of administrators, and who one is to a gateway that runs.

use std::io::Write;

use serde_json::Value;

use super::exit::{Failure, Outcome};
use super::operator_args::{Admin, NewToken, TokenRole};
use super::remote::Remote;
use crate::admin::{openapi, token};
use crate::config::Role;

/// Does what is said.
pub(super) fn admin(args: &Admin, to: &mut dyn Write) -> Result<Outcome, Failure> {
    match args {
        Admin::Token(new) => draw(new, to)?,
        Admin::Openapi => {
            serde_json::to_writer_pretty(&mut *to, &openapi::document())
                .map_err(std::io::Error::from)?;
            writeln!(to)?;
        }
        Admin::Whoami(reach) => {
            let told = Remote::new(reach)?.get("/session")?.good()?.json();
            let member = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
            let (name, role) = (member("name"), member("role"));
            writeln!(to, "{name}, role {role}, by {} from {}", member("by"), member("from"))?;
        }
    }
    Ok(Outcome::Holds)
}

/// The token is said once and kept nowhere.
fn draw(new: &NewToken, to: &mut dyn Write) -> Result<(), Failure> {
    let token = token::draw()?;
    let mut name = new.name.replace('\'', "''");
    if name.chars().any(char::is_control) || name.is_empty() || name.len() > 64 {
        return Err(Failure::said("the name has to be short text, as `alice` or `deploy-bot`"));
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) {
        name = format!("'{name}'");
    }
    let role = match new.role {
        TokenRole::Read => Role::Read,
        TokenRole::Operate => Role::Operate,
        TokenRole::Administer => Role::Administer,
    };
    let expires = new.expires.map(|day| format!(", expires: {day}")).unwrap_or_default();
    let digest = token::hex(&token::digest(&token));
    writeln!(to, "{token}\n")?;
    writeln!(
        to,
        "This is the token of {name}. It is shown this once; keep it where no other can read it."
    )?;
    writeln!(to, "Add this to the gateway's configuration, which needs a digest only:\n")?;
    writeln!(
        to,
        "admin:\n  tokens:\n    - {{ name: {name}, role: {role}, sha256: {digest}{expires} }}"
    )?;
    Ok(())
}
