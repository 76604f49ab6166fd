//! Generates the service of Spark Connect, over the messages of `apache-spark-connect-proto` (which has none but the client's
//! side), and links the interpreter into the tests.

use tonic_build::manual::{Builder, Method, Service};

/// The service's methods: name in Rust, name on the wire, request, response; whether the client and the server stream.
const METHODS: [(&str, &str, &str, &str, bool, bool); 12] = [
    ("execute_plan", "ExecutePlan", "ExecutePlanRequest", "ExecutePlanResponse", false, true),
    ("analyze_plan", "AnalyzePlan", "AnalyzePlanRequest", "AnalyzePlanResponse", false, false),
    ("config", "Config", "ConfigRequest", "ConfigResponse", false, false),
    ("add_artifacts", "AddArtifacts", "AddArtifactsRequest", "AddArtifactsResponse", true, false),
    ("artifact_status", "ArtifactStatus", "ArtifactStatusesRequest", "ArtifactStatusesResponse", false, false),
    ("interrupt", "Interrupt", "InterruptRequest", "InterruptResponse", false, false),
    ("reattach_execute", "ReattachExecute", "ReattachExecuteRequest", "ExecutePlanResponse", false, true),
    ("release_execute", "ReleaseExecute", "ReleaseExecuteRequest", "ReleaseExecuteResponse", false, false),
    ("release_session", "ReleaseSession", "ReleaseSessionRequest", "ReleaseSessionResponse", false, false),
    ("fetch_error_details", "FetchErrorDetails", "FetchErrorDetailsRequest", "FetchErrorDetailsResponse", false, false),
    ("clone_session", "CloneSession", "CloneSessionRequest", "CloneSessionResponse", false, false),
    ("get_status", "GetStatus", "GetStatusRequest", "GetStatusResponse", false, false),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let mut service = Service::builder().name("SparkConnectService").package("spark.connect");
    for (name, route, request, response, client_streams, server_streams) in METHODS {
        let mut method = Method::builder()
            .name(name)
            .route_name(route)
            .input_type(format!("::spark_connect_proto::{request}"))
            .output_type(format!("::spark_connect_proto::{response}"))
            .codec_path("crate::codec::DepthCheckedCodec");
        if client_streams {
            method = method.client_streaming();
        }
        if server_streams {
            method = method.server_streaming();
        }
        service = service.method(method.build());
    }
    Builder::new().build_client(false).compile(&[service.build()]);
    // As in the engine's build script.
    let config = pyo3_build_config::get();
    if let (Some(dir), Some(name)) = (config.lib_dir(), config.lib_name()) {
        println!("cargo:rustc-link-arg=-L{dir}");
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed,-l{name}");
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
