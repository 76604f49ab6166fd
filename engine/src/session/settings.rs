//! Spark's runtime settings that a session answers for without having been told: names, defaults, and which cannot be changed.
//!
//! These are the settings of Python data sources (MISC-CONFS), those that the engine reads, and those that PySpark's clients ask
//! a server for. Sizes are numbers of bytes, as clients expect them.

/// A setting with a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// The version of Spark that brought it.
    pub(super) since: (u32, u32),
    pub(super) default: &'static str,
}

impl Setting {
    /// Whether its values are `true` and `false`.
    pub(super) fn is_flag(&self) -> bool {
        matches!(self.default, "true" | "false")
    }
}

/// The setting of that name, as the newest version has it.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().rfind(|setting| setting.key == key)
}

/// The setting of that name in a version: one whose default changed is there once for each.
pub(super) fn find_in(key: &str, version: (u32, u32)) -> Option<&'static Setting> {
    SETTINGS.iter().rfind(|setting| setting.key == key && version >= setting.since)
}

/// `spark.sql.execution.arrow.maxRecordsPerBatch`.
pub(super) const MAX_RECORDS_PER_BATCH: &str = "spark.sql.execution.arrow.maxRecordsPerBatch";
/// `spark.sql.python.filterPushdown.enabled`.
pub(super) const FILTER_PUSHDOWN: &str = "spark.sql.python.filterPushdown.enabled";
/// `spark.sql.ansi.enabled`.
pub(super) const ANSI: &str = "spark.sql.ansi.enabled";
/// `spark.sql.session.timeZone`.
pub(super) const TIME_ZONE: &str = "spark.sql.session.timeZone";
/// `spark.sql.execution.pyspark.udf.hideTraceback.enabled`.
pub(super) const HIDE_TRACEBACK: &str = "spark.sql.execution.pyspark.udf.hideTraceback.enabled";
/// `spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled`.
pub(super) const SIMPLIFIED_TRACEBACK: &str = "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled";

/// Those that Spark refuses to set in a session: they belong to the whole program.
pub(super) const STATIC: [&str; 12] = [
    "spark.sql.cache.serializer",
    "spark.sql.catalogImplementation",
    "spark.sql.event.truncate.length",
    "spark.sql.extensions",
    "spark.sql.globalTempDatabase",
    "spark.sql.hive.thriftServer.singleSession",
    "spark.sql.queryExecutionListeners",
    "spark.sql.sources.schemaStringLengthThreshold",
    "spark.sql.streaming.streamingQueryListeners",
    "spark.sql.streaming.ui.enabled",
    "spark.sql.ui.retainedExecutions",
    "spark.sql.warehouse.dir",
];

const SETTINGS: &[Setting] = &[
    Setting { key: "spark.app.name", since: (4, 0), default: "seatrial" },
    Setting { key: "spark.master", since: (4, 0), default: "local[*]" },
    Setting { key: "spark.connect.session.planCompression.defaultAlgorithm", since: (4, 1), default: "ZSTD" },
    Setting { key: "spark.connect.session.planCompression.threshold", since: (4, 1), default: "10485760" },
    Setting { key: "spark.sql.adaptive.enabled", since: (4, 0), default: "true" },
    Setting { key: ANSI, since: (4, 0), default: "true" },
    Setting { key: "spark.sql.autoBroadcastJoinThreshold", since: (4, 0), default: "10485760b" },
    Setting { key: "spark.sql.caseSensitive", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.catalogImplementation", since: (4, 0), default: "in-memory" },
    Setting { key: "spark.sql.charAsVarchar", since: (4, 0), default: "false" },
    // There is no JVM whose stack a client could show below an error.
    Setting { key: "spark.sql.connect.serverStacktrace.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.crossJoin.enabled", since: (4, 0), default: "true" },
    Setting { key: "spark.sql.defaultCatalog", since: (4, 0), default: "spark_catalog" },
    Setting { key: "spark.sql.execution.arrow.enabled", since: (4, 0), default: "false" },
    Setting { key: MAX_RECORDS_PER_BATCH, since: (4, 0), default: "10000" },
    Setting { key: "spark.sql.execution.arrow.pyspark.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.arrow.pyspark.fallback.enabled", since: (4, 0), default: "true" },
    Setting { key: "spark.sql.execution.arrow.pyspark.selfDestruct.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.arrow.pyspark.validateSchema.enabled", since: (4, 1), default: "true" },
    Setting { key: "spark.sql.execution.arrow.useLargeVarTypes", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.pandas.convertToArrowArraySafely", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.pandas.convertToArrowArraySafely", since: (4, 1), default: "true" },
    Setting { key: "spark.sql.execution.pandas.inferPandasDictAsMap", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.pandas.structHandlingMode", since: (4, 0), default: "legacy" },
    Setting { key: "spark.sql.execution.pandas.udf.buffer.size", since: (4, 0), default: "65536" },
    Setting { key: "spark.sql.execution.pyspark.binaryAsBytes", since: (4, 1), default: "true" },
    Setting { key: HIDE_TRACEBACK, since: (4, 0), default: "false" },
    Setting { key: SIMPLIFIED_TRACEBACK, since: (4, 0), default: "true" },
    Setting { key: "spark.sql.execution.pythonUDF.arrow.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.pythonUDF.arrow.enabled", since: (4, 2), default: "true" },
    Setting {
        key: "spark.sql.execution.pythonUDF.pandas.intToDecimalCoercionEnabled",
        since: (4, 1),
        default: "false",
    },
    Setting { key: "spark.sql.execution.pythonUDF.pandas.preferIntExtensionDtype", since: (4, 2), default: "false" },
    Setting { key: "spark.sql.execution.pythonUDTF.arrow.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.execution.pythonUDTF.arrow.enabled", since: (4, 2), default: "true" },
    Setting { key: "spark.sql.globalTempDatabase", since: (4, 0), default: "global_temp" },
    Setting { key: "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName", since: (4, 0), default: "true" },
    Setting { key: "spark.sql.legacy.execution.pythonUDF.pandas.conversion.enabled", since: (4, 1), default: "false" },
    Setting { key: "spark.sql.legacy.execution.pythonUDTF.pandas.conversion.enabled", since: (4, 1), default: "false" },
    Setting { key: "spark.sql.legacy.timeParserPolicy", since: (4, 0), default: "CORRECTED" },
    Setting { key: "spark.sql.mapKeyDedupPolicy", since: (4, 0), default: "EXCEPTION" },
    Setting { key: "spark.sql.pyspark.inferNestedDictAsStruct.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.pyspark.jvmStacktrace.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.pyspark.legacy.inferArrayTypeFromFirstElement.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.pyspark.legacy.inferMapTypeFromFirstPair.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.pyspark.toJSON.returnDataFrame", since: (4, 1), default: "true" },
    Setting { key: "spark.sql.pyspark.worker.logging.enabled", since: (4, 1), default: "false" },
    Setting { key: FILTER_PUSHDOWN, since: (4, 1), default: "false" },
    Setting { key: "spark.sql.readSideCharPadding", since: (4, 0), default: "true" },
    Setting { key: "spark.sql.repl.eagerEval.enabled", since: (4, 0), default: "false" },
    Setting { key: "spark.sql.repl.eagerEval.maxNumRows", since: (4, 0), default: "20" },
    Setting { key: "spark.sql.repl.eagerEval.truncate", since: (4, 0), default: "20" },
    Setting { key: "spark.sql.session.localRelationBatchOfChunksSizeBytes", since: (4, 1), default: "1073741824" },
    Setting { key: "spark.sql.session.localRelationCacheThreshold", since: (4, 0), default: "1048576" },
    Setting { key: "spark.sql.session.localRelationChunkSizeBytes", since: (4, 1), default: "16777216" },
    Setting { key: "spark.sql.session.localRelationChunkSizeRows", since: (4, 1), default: "10000" },
    Setting { key: "spark.sql.session.localRelationSizeLimit", since: (4, 1), default: "3221225472" },
    Setting { key: TIME_ZONE, since: (4, 0), default: "UTC" },
    Setting { key: "spark.sql.shuffle.partitions", since: (4, 0), default: "200" },
    Setting { key: "spark.sql.sources.default", since: (4, 0), default: "parquet" },
    Setting { key: "spark.sql.sources.partitionOverwriteMode", since: (4, 0), default: "STATIC" },
    Setting { key: "spark.sql.storeAssignmentPolicy", since: (4, 0), default: "ANSI" },
    Setting { key: "spark.sql.timestampType", since: (4, 0), default: "TIMESTAMP_LTZ" },
    Setting { key: "spark.sql.variable.substitute", since: (4, 0), default: "true" },
];
