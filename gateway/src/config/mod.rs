//! `gateway.yaml`, from as written to checked, all problems at once.

mod access;
mod admin;
mod api;
mod backend;
mod backends;
mod cidr;
mod conversion;
mod drift;
mod edit;
mod file;
mod lifecycle;
mod listen;
mod model;
mod otlp;
mod reader;
mod secure;
mod state;
mod units;
mod upgrades;
mod usage;
mod writes;

pub use access::{
    AccessConfig, AccessField, AccessFormat, AccessLog, AccessPlace, QueryTold, Shares,
};
pub use admin::{AdminAddress, AdminConfig, CertificateGrant, CertificateMark, Role, TokenConfig};
pub use backend::{
    BackendConfig, BackendLimits, BackendPolicy, BackendProtocol, BackendTimes, BackendTls,
    DnsConfig, EjectionConfig, HealthConfig, RetryConfig,
};
pub use cidr::Cidr;
pub use drift::DriftConfig;
pub use edit::{Edit, Uneditable, edit, merge_patch};
pub use file::{Written, load, parse, read};
pub use lifecycle::{AfterSunsetConfig, BrownoutConfig, FieldConfig, LifeConfig, LifecycleConfig};
pub use listen::{
    CertificateConfig, ClientCertificates, ClientFact, FileConfig, ListenConfig, ListenTls,
    TlsVersion,
};
pub use model::{
    ApiConfig, Config, ConversionConfig, DefaultVersion, Limits, LossHeaderConfig,
    NoTransformConfig, Require, SelectorConfig, SignaturesConfig, Timeouts, UndeclaredConfig,
    WriteMode, WritesConfig,
};
pub use otlp::OtlpConfig;
pub use state::{StateConfig, state_of};
pub use usage::{ConsumerConfig, ConsumerSourceConfig, Naming, UsageConfig};
