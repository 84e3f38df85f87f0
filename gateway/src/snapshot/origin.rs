//! What an api was made from, so that a reload takes it over where nothing of that has changed.

use evergate_schemas::problem::Problem;

/// The digest of everything that an api was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe(pub [u8; 32]);

/// Where an api comes from.
#[derive(Debug, Default)]
pub struct Origin {
    /// What it was made from; `None` where that is not known for certain, so that it is always made anew.
    pub recipe: Option<Recipe>,
    /// What was odd when it was made, certificates aside; told again at each reload that takes it over.
    pub warnings: Vec<Problem>,
}

impl Origin {
    /// Whether making it anew from this would give the same.
    pub fn is(&self, recipe: Option<Recipe>) -> bool {
        recipe.is_some() && self.recipe == recipe
    }
}
