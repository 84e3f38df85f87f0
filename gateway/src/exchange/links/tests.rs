//! Laws of links: there and back, once is enough, and never out of the api.
