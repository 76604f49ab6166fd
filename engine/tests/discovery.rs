//! Sources that nobody registered: packages named `pyspark_*` and entry points. They are looked up once in a process, so
//! one test sets everything up and asks for everything.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::session::Session;

fn module(name: &str, class: &str) -> String {
    format!(
        "from pyspark.sql.datasource import DataSource, DataSourceReader
class {class}(DataSource):
    @classmethod
    def name(cls):
        return '{name}'
    def schema(self):
        return 'id long'
"
    )
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn installed_sources_are_found_in_any_case_and_registered_ones_win() {
    let site = tempfile::tempdir().unwrap();
    write(site.path(), "pyspark_tides.py", &module("Tides", "DefaultSource"));
    write(site.path(), "pyspark_nothing/__init__.py", "answer = 42\n");
    write(site.path(), "Pyspark_upper.py", &module("upper", "DefaultSource"));
    write(site.path(), "lighthouses.py", &module("lighthouses", "Lighthouses"));
    write(
        site.path(),
        "lighthouses-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: lighthouses\nVersion: 1.0\n",
    );
    write(
        site.path(),
        "lighthouses-1.0.dist-info/entry_points.txt",
        "[sail.datasources]\nlighthouses = lighthouses:Lighthouses\nbroken = lighthouses:Nothing\n",
    );
    PythonRuntime::get().unwrap();
    Python::attach(|py| {
        let path = py.import("sys").unwrap().getattr("path").unwrap();
        path.call_method1("insert", (0, site.path().to_str().unwrap())).unwrap();
    });

    let session = Session::try_new().unwrap();
    for name in ["tides", "TIDES", "lighthouses"] {
        let frame = session.read().format(name).load(&[]).unwrap();
        assert_eq!(frame.schema().unwrap().fields.len(), 1, "{name}");
    }
    for name in ["pyspark_tides", "upper", "broken"] {
        let error = session.read().format(name).load(&[]).unwrap_err();
        assert_eq!(error.condition.as_deref(), Some("DATA_SOURCE_NOT_FOUND"), "{name}");
    }

    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("__name__", "__main__").unwrap();
        let text = module("tides", "Mine").replace("id long", "a long, b long");
        py.run(&std::ffi::CString::new(text).unwrap(), Some(&names), None).unwrap();
        session.register_data_source(&names.get_item("Mine").unwrap().unwrap()).unwrap();
    });
    let ours = session.read().format("tides").load(&[]).unwrap();
    assert_eq!(ours.schema().unwrap().fields.len(), 2);
    let installed = session.new_session().read().format("tides").load(&[]).unwrap();
    assert_eq!(installed.schema().unwrap().fields.len(), 1);
}
