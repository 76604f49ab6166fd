//! `spark.dataSource.register`: the client sends the pickled class.

use seatrial_engine::executor::PickledClass;
use seatrial_engine::python::pickle::Pickled;
use spark_connect_proto::CommonInlineUserDefinedDataSource;
use spark_connect_proto::common_inline_user_defined_data_source::DataSource;

use crate::failure::Failure;
use crate::session::ConnectSession;

/// Registers a data source in the session. Nothing is unpickled before it is read.
///
/// # Errors
/// As `Session::register_pickled`.
pub(super) fn register(session: &ConnectSession, source: &CommonInlineUserDefinedDataSource) -> Result<(), Failure> {
    let Some(DataSource::PythonDataSource(python)) = &source.data_source else {
        return Err(Failure::unsupported("data source", "unknown"));
    };
    let class =
        PickledClass { class: Pickled::from_bytes(python.command.to_vec()), python_version: python.python_ver.clone() };
    Ok(session.engine.register_pickled(&source.name, class)?)
}
