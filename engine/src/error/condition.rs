//! The catalogue of error conditions that the engine raises: name, SQLSTATE, exception class, and the message's template.
//!
//! A template's `<name>` is replaced by the parameter of that name. The conditions and their texts are Spark's interface:
//! clients match on them.

use super::{ExceptionClass, SparkError};

/// An error condition of Spark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The name, as `getCondition()` returns it.
    pub name: &'static str,
    /// The SQLSTATE; empty for the few legacy conditions that have none.
    pub sql_state: &'static str,
    /// The exception class that carries it.
    pub exception: ExceptionClass,
    /// The message with `<parameter>` placeholders.
    pub template: &'static str,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $ident:ident = $name:literal, $state:literal, $class:ident, $template:literal;)*) => {
        $($(#[$doc])* pub const $ident: Condition = Condition {
            name: $name, sql_state: $state, exception: ExceptionClass::$class, template: $template,
        };)*
        /// Every condition, for listings.
        pub const ALL: &[Condition] = &[$($ident),*];
    };
}

conditions! {
    /// A planning callback of a Python data source failed (ERR-DSERR).
    PYTHON_DATA_SOURCE_ERROR = "PYTHON_DATA_SOURCE_ERROR", "38000", Analysis,
        "Failed to <action> Python data source <type>: <msg>";
    /// Python code failed in a task (ERR-TASK).
    PYTHON_EXCEPTION = "PYTHON_EXCEPTION", "38000", Python, "<msg>:\n<traceback>";
    /// A function gave Arrow data of other types than it declares.
    ARROW_TYPE_MISMATCH = "ARROW_TYPE_MISMATCH", "42K0G", Spark,
        "Invalid schema from <operation>: expected <outputTypes>, got <actualDataTypes>.";
    /// A function on rows gave a struct of another number of fields.
    STRUCT_ARRAY_LENGTH_MISMATCH = "STRUCT_ARRAY_LENGTH_MISMATCH", "2201E", IllegalArgument,
        "Input row doesn't have expected number of values required by the schema. <expected> fields are required while <actual> values are provided.";
    /// Group aggregates of Python beside others.
    INVALID_PANDAS_UDF_PLACEMENT = "INVALID_PANDAS_UDF_PLACEMENT", "0A000", Analysis,
        "The group aggregate pandas UDF <functionList> cannot be invoked together with as other, non-pandas aggregate functions.";
    /// A Python aggregate in a pivot.
    PANDAS_UDAF_IN_PIVOT = "UNSUPPORTED_FEATURE.PANDAS_UDAF_IN_PIVOT", "0A000", Analysis,
        "The feature is not supported: Pandas user defined aggregate function in the PIVOT clause.";
    /// `DISTINCT` or `FILTER` in a call that cannot have it.
    FUNCTION_WITH_UNSUPPORTED_SYNTAX = "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX", "42000", Analysis,
        "Invalid SQL syntax: The function <prettyName> does not support <syntax>.";
    /// An aggregate of an aggregate.
    NESTED_AGGREGATE_FUNCTION = "NESTED_AGGREGATE_FUNCTION", "42607", Analysis,
        "It is not allowed to use an aggregate function in the argument of another aggregate function. Please use the inner aggregate function in a sub-query.";
    /// A function of a lambda that runs in Python.
    LAMBDA_FUNCTION_WITH_PYTHON_UDF = "UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF", "0A000", Analysis,
        "The feature is not supported: Lambda function with Python UDF <funcName> in a higher order function.";
    /// A function of columns of both sides in the condition of a join that is not an inner one.
    PYTHON_UDF_IN_ON_CLAUSE = "UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE", "0A000", Analysis,
        "The feature is not supported: Python UDF in the ON clause of a <joinType> JOIN. In case of an INNER JOIN consider rewriting to a CROSS JOIN with a WHERE clause.";
    /// A registered name is that of a built-in source (REG-BUILTIN-CLASH).
    DATA_SOURCE_ALREADY_EXISTS = "DATA_SOURCE_ALREADY_EXISTS", "42710", Analysis,
        "Data source '<provider>' already exists. Please choose a different name for the new data source.";
    /// No source of that name (REG-UNKNOWN).
    DATA_SOURCE_NOT_FOUND = "DATA_SOURCE_NOT_FOUND", "42K02", Spark,
        "Failed to find the data source: <provider>. Make sure the provider name is correct and the package is properly registered and compatible with your Spark version.";
    /// `path` given twice (OPT-PATH-BOTH).
    PATH_OPTION_AND_ARGUMENT = "_LEGACY_ERROR_TEMP_1306", "", Analysis,
        "There is a 'path' or 'paths' option set and load() is called with path parameters. Either remove the path option if it's the same as the path parameter, or add it to the load() parameter if you do want to read multiple paths. To ignore this check, set '<config>' to 'true'.";
    /// A user schema with char or varchar (SCH-CHAR-USER).
    UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING = "UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING", "0A000", Analysis,
        "The char/varchar type can't be used in the table schema.\nIf you want Spark treat them as string type as same as Spark 3.0 and earlier, please set \"spark.sql.legacy.charVarcharAsString\" to \"true\".";
    /// A column that no relation of the query has, with near names.
    UNRESOLVED_COLUMN_WITH_SUGGESTION = "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", Analysis,
        "A column, variable, or function parameter with name <objectName> cannot be resolved. Did you mean one of the following? [<proposal>].";
    /// A column that no relation of the query has.
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION = "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", Analysis,
        "A column, variable, or function parameter with name <objectName> cannot be resolved. ";
    /// A column that several relations of the query have.
    AMBIGUOUS_REFERENCE = "AMBIGUOUS_REFERENCE", "42704", Analysis,
        "Reference <name> is ambiguous, could be: <referenceNames>.";
    /// A field that a struct does not have.
    FIELD_NOT_FOUND = "FIELD_NOT_FOUND", "42704", Analysis, "No such struct field <fieldName> in <fields>.";
    /// A field of what has none.
    INVALID_EXTRACT_BASE_FIELD_TYPE = "INVALID_EXTRACT_BASE_FIELD_TYPE", "42000", Analysis,
        "Can't extract a value from <base>. Need a complex type [STRUCT, ARRAY, MAP] but got <other>.";
    /// A function with too few or too many arguments.
    WRONG_NUM_ARGS = "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", Analysis,
        "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. Please, refer to '<docroot>/sql-ref-functions.html' for a fix.";
    /// A relation that the catalogue does not have; see [`relation`](super::relation).
    TABLE_OR_VIEW_NOT_FOUND = "TABLE_OR_VIEW_NOT_FOUND", "42P01", Analysis,
        "The table or view <relationName> cannot be found. Verify the spelling and correctness of the schema and catalog.\nSearch path: <searchPath>.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.";
    /// The same before Spark 4.2, which does not tell where it looked.
    TABLE_OR_VIEW_NOT_FOUND_4_1 = "TABLE_OR_VIEW_NOT_FOUND", "42P01", Analysis,
        "The table or view <relationName> cannot be found. Verify the spelling and correctness of the schema and catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.";
    /// `USING` a column that a side of the join does not have.
    UNRESOLVED_USING_COLUMN_FOR_JOIN = "UNRESOLVED_USING_COLUMN_FOR_JOIN", "42703", Analysis,
        "USING column <colName> cannot be resolved on the <side> side of the join. The <side>-side columns: [<suggestion>].";
    /// A function that this engine does not have.
    UNRESOLVED_ROUTINE = "UNRESOLVED_ROUTINE", "42883", Analysis,
        "Cannot resolve routine <routineName> on search path <searchPath>.";
    /// A table of that name exists (SQL-EXISTS).
    TABLE_OR_VIEW_ALREADY_EXISTS = "TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", Analysis,
        "Cannot create table or view <relationName> because it already exists.\nChoose a different name, drop or replace the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing objects.";
    /// A temporary view of that name exists.
    TEMP_TABLE_OR_VIEW_ALREADY_EXISTS = "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", Analysis,
        "Cannot create the temporary view <relationName> because it already exists.\nChoose a different name, drop or replace the existing view.";
    /// The same in Spark 4.0.
    TEMP_TABLE_OR_VIEW_ALREADY_EXISTS_4_0 = "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", Analysis,
        "Cannot create the temporary view <relationName> because it already exists.\nChoose a different name, drop or replace the existing view,  or add the IF NOT EXISTS clause to tolerate pre-existing views.";
    /// There is no schema but `default`.
    SCHEMA_NOT_FOUND = "SCHEMA_NOT_FOUND", "42704", Analysis,
        "The schema <schemaName> cannot be found. Verify the spelling and correctness of the schema and catalog.\nIf you did not qualify the name with a catalog, verify the current_schema() output, or qualify the name with the correct catalog.\nTo tolerate the error on drop use DROP SCHEMA IF EXISTS.";
    /// Two columns of a table with one name.
    COLUMN_ALREADY_EXISTS = "COLUMN_ALREADY_EXISTS", "42711", Analysis,
        "The column <columnName> already exists. Choose another name or rename the existing column.";
    /// `ADD COLUMNS` with a name that the table has.
    FIELD_ALREADY_EXISTS = "FIELD_ALREADY_EXISTS", "42710", Analysis,
        "Cannot <op> column, because <fieldNames> already exists in <struct>.";
    /// A temporary view where none can be.
    EXPECT_PERMANENT_VIEW_NOT_TEMP = "EXPECT_PERMANENT_VIEW_NOT_TEMP", "42809", Analysis,
        "'<operation>' expects a permanent view but <viewName> is a temp view.";
    /// A view where none can be.
    EXPECT_TABLE_NOT_VIEW = "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809", Analysis,
        "'<operation>' expects a table but <viewName> is a view. ";
    /// `DROP VIEW` of a table.
    WRONG_COMMAND_FOR_OBJECT_TYPE = "WRONG_COMMAND_FOR_OBJECT_TYPE", "42809", Analysis,
        "The operation <operation> requires a <requiredType>. But <objectName> is a <foundType>. Use <alternative> instead.";
    /// `CACHE TABLE … AS` makes a temporary view, which has no schema.
    CACHE_NAME_WITH_SCHEMA = "_LEGACY_ERROR_TEMP_0037", "", Parse,
        "It is not allowed to add catalog/namespace prefix <quoted> to the table name in CACHE TABLE AS SELECT.";
    /// A temporary view has no schema.
    TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS = "TEMP_VIEW_NAME_TOO_MANY_NAME_PARTS", "428EK", Parse,
        "CREATE TEMPORARY VIEW or the corresponding Dataset APIs only accept single-part view names, but got: <actualName>.";
    /// The same since Spark 4.2.
    INVALID_TEMP_OBJ_QUALIFIER = "INVALID_TEMP_OBJ_QUALIFIER", "42602", Parse,
        "Temporary <objectType> <objectName> cannot be qualified with <qualifier>. Temporary objects can only be qualified with SESSION or SYSTEM.SESSION.";
    /// A source's name where a file format's is expected (SQL-DIRECT).
    UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY = "UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY", "0A000", Analysis,
        "Unsupported data source type for direct query on files: <dataSourceType>";
    /// `PARTITIONED BY` without columns.
    PARTITIONING_WITHOUT_SCHEMA = "_LEGACY_ERROR_TEMP_1165", "", Analysis,
        "It is not allowed to specify partitioning when the table schema is not defined.";
    /// `PARTITIONED BY` a column that the table does not have.
    NO_PARTITION_COLUMN = "_LEGACY_ERROR_TEMP_3060", "", Analysis, "Couldn't find column <i> in:\n<schema>";
    /// What a source's table cannot do (SQL-DELETE).
    TABLE_DOES_NOT_SUPPORT = "_LEGACY_ERROR_TEMP_1121", "", Analysis, "Table does not support <cmd>: <table>.";
    /// What no table of a source can do (SQL-UPDATE-MERGE).
    UNSUPPORTED_TABLE_OPERATION = "UNSUPPORTED_FEATURE.TABLE_OPERATION", "0A000", UnsupportedOperation,
        "The feature is not supported: Table <tableName> does not support <operation>. Please check the current catalog and namespace to make sure the qualified table name is expected, and also check the catalog implementation which is configured by \"spark.sql.catalog\".";
    /// The same in Spark 4.0.
    UNSUPPORTED_TABLE_OPERATION_4_0 = "_LEGACY_ERROR_TEMP_2096", "", UnsupportedOperation,
        "<ddl> is not supported temporarily.";
    /// A statement that Spark's parser understands and refuses.
    OPERATION_NOT_ALLOWED = "_LEGACY_ERROR_TEMP_0035", "", Parse, "Operation not allowed: <message>.";
    /// The JVM has no accessor for a value of a record batch (ARROW-LEGACY-TYPE).
    UNSUPPORTED_CALL = "UNSUPPORTED_CALL.WITHOUT_SUGGESTION", "0A000", UnsupportedOperation,
        "Cannot call the method \"<methodName>\" of the class \"<className>\". ";
    /// The JVM does not know the Arrow type of a record batch (ARROW-LEGACY-TYPE).
    UNSUPPORTED_ARROWTYPE = "UNSUPPORTED_ARROWTYPE", "0A000", UnsupportedOperation,
        "Unsupported arrow type <typeName>.";
    /// `/` by zero, in ANSI mode.
    DIVIDE_BY_ZERO = "DIVIDE_BY_ZERO", "22012", Arithmetic,
        "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary set <config> to \"false\" to bypass this error.";
    /// An interval over zero.
    INTERVAL_DIVIDED_BY_ZERO = "INTERVAL_DIVIDED_BY_ZERO", "22012", Arithmetic,
        "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.";
    /// `%` by zero, in ANSI mode.
    REMAINDER_BY_ZERO = "REMAINDER_BY_ZERO", "22012", Arithmetic,
        "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead. If necessary set <config> to \"false\" to bypass this error.";
    /// `array[index]` beyond the array, in ANSI mode.
    INVALID_ARRAY_INDEX = "INVALID_ARRAY_INDEX", "22003", ArrayIndexOutOfBounds,
        "The index <indexValue> is out of bounds. The array has <arraySize> elements. Use the SQL function `get()` to tolerate accessing element at invalid index and return NULL instead.";
    /// `element_at` beyond the array, in ANSI mode.
    INVALID_ARRAY_INDEX_IN_ELEMENT_AT = "INVALID_ARRAY_INDEX_IN_ELEMENT_AT", "22003", ArrayIndexOutOfBounds,
        "The index <indexValue> is out of bounds. The array has <arraySize> elements. Use `try_element_at` to tolerate accessing element at invalid index and return NULL instead.";
    /// `element_at(array, 0)`.
    INVALID_INDEX_OF_ZERO = "INVALID_INDEX_OF_ZERO", "22003", SparkRuntime,
        "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).";
    /// A value in a variant that does not fit the type that is asked for.
    INVALID_VARIANT_CAST = "INVALID_VARIANT_CAST", "22023", SparkRuntime,
        "The variant value `<value>` cannot be cast into `<dataType>`. Please use `try_variant_get` instead.";
    /// Two `COLLATE` that differ.
    COLLATION_MISMATCH_EXPLICIT = "COLLATION_MISMATCH.EXPLICIT", "42P21", Analysis,
        "Could not determine which collation to use for string functions and operators. Error occurred due to the mismatch between explicit collations: [<explicitTypes>]. Decide on a single explicit collation and remove others.";
    /// Two columns whose collations differ.
    COLLATION_MISMATCH_IMPLICIT = "COLLATION_MISMATCH.IMPLICIT", "42P21", Analysis,
        "Could not determine which collation to use for string functions and operators. Error occurred due to the mismatch between implicit collations: [<implicitTypes>]. Use COLLATE function to set the collation explicitly.";
    /// A text that is no value of the type that it is cast to, in ANSI mode. The exception depends on the type.
    CAST_INVALID_INPUT = "CAST_INVALID_INPUT", "22018", NumberFormat,
        "The value <expression> of the type <sourceType> cannot be cast to <targetType> because it is malformed. Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return NULL instead.";
    /// A parameter of a query that no value was given for.
    UNBOUND_SQL_PARAMETER = "UNBOUND_SQL_PARAMETER", "42P02", Analysis,
        "Found the unbound parameter: <name>. Please, fix `args` and provide a mapping of the parameter to either a SQL literal or collection constructor functions such as `map()`, `array()`, `struct()`.";
    /// An argument of a type that the function does not take.
    UNEXPECTED_INPUT_TYPE = "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The <paramIndex> parameter requires the <requiredType> type, however <inputSql> has the type <inputType>.";
    /// An operator between types that it does not take.
    BINARY_OP_WRONG_TYPE = "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: the binary operator requires the input type <inputType>, not <actualDataType>.";
    /// An array of more elements than Java's have.
    COLLECTION_SIZE_LIMIT_EXCEEDED = "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER", "54000", SparkRuntime,
        "Can't create array with <numberOfElements> elements which exceeding the array size limit <maxRoundedArrayLength>, the value of parameter(s) <parameter> in the function <functionName> is invalid.";
    /// An operator between types that have none in common.
    BINARY_OP_DIFF_TYPES = "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: the left and right operands of the binary operator have incompatible types (<left> and <right>).";
    /// A cast between types of which none becomes the other.
    CAST_WITHOUT_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: cannot cast <srcType> to <targetType>.";
    /// A cast that Spark does not make in ANSI mode.
    CAST_WITH_CONF_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITH_CONF_SUGGESTION", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: cannot cast <srcType> to <targetType> with ANSI mode on.\nIf you have to cast <srcType> to <targetType>, you can set <config> as <configVal>.";
    /// An order of what has none.
    INVALID_ORDERING_TYPE = "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The <functionName> does not support ordering on type <dataType>.";
    /// `DISTINCT` and its like of maps.
    SET_OPERATION_ON_MAP_TYPE = "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", "0A000", Analysis,
        "The feature is not supported: Cannot have MAP type columns in DataFrame which calls set operations (INTERSECT, EXCEPT, etc.), but the type of column <colName> is <dataType>.";
    /// A condition that is neither true nor false.
    FILTER_NOT_BOOLEAN = "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Filter expression <filter> of type <type> is not a boolean.";
    /// A column that is neither grouped by nor aggregated.
    MISSING_AGGREGATION = "MISSING_AGGREGATION", "42803", Analysis,
        "The non-aggregating expression <expression> is based on columns which are not participating in the GROUP BY clause.\nAdd the columns or the expression to the GROUP BY, aggregate the expression, or use <expressionAnyValue> if you do not care which of the values within a group is returned.";
    /// The same where nothing is grouped by.
    MISSING_GROUP_BY = "MISSING_GROUP_BY", "42803", Analysis,
        "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions using OVER clauses.";
    /// An aggregate where rows are not grouped yet.
    INVALID_WHERE_CONDITION = "INVALID_WHERE_CONDITION", "42903", Analysis,
        "The WHERE condition <condition> contains invalid expressions: <expressionList>.\nRewrite the query to avoid window functions, aggregate functions, and generator functions in the WHERE clause.";
    /// `ORDER BY 5` of fewer columns.
    ORDER_BY_POS_OUT_OF_RANGE = "ORDER_BY_POS_OUT_OF_RANGE", "42805", Analysis,
        "ORDER BY position <index> is not in select list (valid range is [1, <size>]).";
    /// A sample of more than all rows.
    SAMPLING_FRACTION = "_LEGACY_ERROR_TEMP_0064", "", Parse, "<msg>.";
    /// `count(t.*)`.
    STAR_OF_TABLE_IN_COUNT = "INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT", "42000", Analysis,
        "count(<tableName>.*) is not allowed. Use count(*) or expand the columns manually, e.g. count(col1, col2).";
    /// An aggregate as a key.
    GROUP_BY_AGGREGATE = "GROUP_BY_AGGREGATE", "42903", Analysis,
        "Aggregate functions are not allowed in GROUP BY, but found <sqlExpr>.";
    /// A row number and its like where rows are chosen.
    WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE = "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE", "42601", Analysis,
        "It is not allowed to use window functions inside <clauseName> clause.";
    /// `OVER w` without a window of that name.
    MISSING_WINDOW_SPECIFICATION = "MISSING_WINDOW_SPECIFICATION", "42P20", Analysis,
        "Window specification is not defined in the WINDOW clause for <windowName>. For more information about WINDOW clauses, please refer to '<docroot>/sql-ref-syntax-qry-select-window.html'.";
    /// A join on what is neither true nor false.
    JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE = "JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE", "42K0E", Analysis,
        "The join condition <joinCondition> has the invalid type <conditionType>, expected \"BOOLEAN\".";
    /// A sub-query of several columns where one value is wanted.
    SCALAR_SUBQUERY_TOO_MANY_COLUMNS = "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN", "42823", Analysis,
        "Invalid subquery: Scalar subquery must return only one column, but got <number>.";
    /// `GROUP BY 5` of fewer columns.
    GROUP_BY_POS_OUT_OF_RANGE = "GROUP_BY_POS_OUT_OF_RANGE", "42805", Analysis,
        "GROUP BY position <index> is not in select list (valid range is [1, <size>]).";
    /// `GROUP BY 2` where the second column is an aggregate.
    GROUP_BY_POS_AGGREGATE = "GROUP_BY_POS_AGGREGATE", "42903", Analysis,
        "GROUP BY <index> refers to an expression <aggExpr> that contains an aggregate function. Aggregate functions are not allowed in GROUP BY.";
    /// Columns of sides that have no type in common.
    INCOMPATIBLE_COLUMN_TYPE = "INCOMPATIBLE_COLUMN_TYPE", "42825", Analysis,
        "<operator> can only be performed on tables with compatible column types. The <columnOrdinalNumber> column of the <tableOrdinalNumber> table is <dataType1> type which is not compatible with <dataType2> at the same column of the first table.<hint>.";
    /// `LIMIT 'x'`.
    LIMIT_DATA_TYPE = "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE", "42K0E", Analysis,
        "The limit like expression <expr> is invalid. The <name> expression must be integer type, but got <dataType>.";
    /// A row number and its like without a window.
    WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE = "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", "42601", Analysis,
        "Window function <funcName> requires an OVER clause.";
    /// A row number and its like over a window without an order.
    WINDOW_FUNCTION_FRAME_NOT_ORDERED = "WINDOW_FUNCTION_FRAME_NOT_ORDERED", "42601", Analysis,
        "Window function <wf_name> requires the window to be ordered. You need to add an ORDER BY clause. For example: SELECT <wf_expr> OVER (PARTITION BY window_partition ORDER BY window_ordering) FROM table.";
    /// `count()`.
    WRONG_NUM_ARGS_OF_COUNT = "WRONG_NUM_ARGS.WITH_SUGGESTION", "42605", Analysis,
        "The <functionName> requires <expectedNum> parameters but the actual number is <actualNum>. If you have to call this function with <legacyNum> parameters, set the legacy configuration <legacyConfKey> to <legacyConfValue>.";
    /// `FILTER` by what is neither true nor false.
    FILTER_CLAUSE_NOT_BOOLEAN = "INVALID_AGGREGATE_FILTER.NOT_BOOLEAN", "42903", Analysis,
        "The FILTER expression <filterExpr> in an aggregate function is invalid. Expected a FILTER expression of the BOOLEAN type.";
    /// `FILTER` by an aggregate.
    FILTER_CLAUSE_WITH_AGGREGATE = "INVALID_AGGREGATE_FILTER.CONTAINS_AGGREGATE", "42903", Analysis,
        "The FILTER expression <filterExpr> in an aggregate function is invalid. Expected a FILTER expression without an aggregation, but found <aggExpr>.";
    /// `LIKE` with more than one character to escape with.
    INVALID_ESC = "INVALID_ESC", "42604", Parse,
        "Found an invalid escape string: <invalidEscape>. The escape string must contain only one character.";
    /// A pattern of `LIKE` that ends with the character to escape with.
    ESC_AT_THE_END = "INVALID_FORMAT.ESC_AT_THE_END", "42601", Analysis,
        "The format is invalid: <format>. The escape character is not allowed to end with.";
    /// A pattern of `LIKE` that escapes what has no other meaning.
    ESC_IN_THE_MIDDLE = "INVALID_FORMAT.ESC_IN_THE_MIDDLE", "42601", Analysis,
        "The format is invalid: <format>. The escape character is not allowed to precede <char>.";
    /// Arguments that should have one type.
    DATA_DIFF_TYPES = "DATATYPE_MISMATCH.DATA_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Input to <functionName> should all be the same type, but it's <dataType>.";
    /// An array and a value that is none of its elements.
    ARRAY_FUNCTION_DIFF_TYPES = "DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Input to <functionName> should have been <dataType> followed by a value with same element type, but it's [<leftType>, <rightType>].";
    /// A map and a value that is none of its keys.
    MAP_FUNCTION_DIFF_TYPES = "DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Input to <functionName> should have been <dataType> followed by a value with same key type, but it's [<leftType>, <rightType>].";
    /// Two arrays of different elements.
    BINARY_ARRAY_DIFF_TYPES = "DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Input to function <functionName> should have been two <arrayType> with same element type, but it's [<leftType>, <rightType>].";
    /// Keys of a map that should have one type.
    CREATE_MAP_KEY_DIFF_TYPES = "DATATYPE_MISMATCH.CREATE_MAP_KEY_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The given keys of function <functionName> should all be the same type, but they are <dataType>.";
    /// Values of a map that should have one type.
    CREATE_MAP_VALUE_DIFF_TYPES = "DATATYPE_MISMATCH.CREATE_MAP_VALUE_DIFF_TYPES", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The given values of function <functionName> should all be the same type, but they are <dataType>.";
    /// A cast for which there is a function.
    CAST_WITH_FUNC_SUGGESTION = "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: cannot cast <srcType> to <targetType>.\nTo convert values from <srcType> to <targetType>, you can use the functions <functionNames> instead.";
    /// A sub-query of `IN` with another number of columns.
    IN_SUBQUERY_LENGTH_MISMATCH = "DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The number of columns in the left hand side of an IN subquery does not match the number of columns in the output of subquery. Left hand side columns(length: <leftLength>): [<leftColumns>], right hand side columns(length: <rightLength>): [<rightColumns>].";
    /// `grouping(a)` where nothing is grouped by several sets.
    UNSUPPORTED_GROUPING_EXPRESSION = "UNSUPPORTED_GROUPING_EXPRESSION", "42K0E", Analysis,
        "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.";
    /// A generator within an expression.
    GENERATOR_NESTED_IN_EXPRESSIONS = "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS", "42K0E", Analysis,
        "The generator is not supported: nested in expressions <expression>.";
    /// A type that Spark does not have.
    UNSUPPORTED_DATATYPE = "UNSUPPORTED_DATATYPE", "0A000", Parse, "Unsupported data type <typeName>.";
    /// A time zone that is not there.
    INVALID_TIMEZONE = "INVALID_TIMEZONE", "22009", DateTime,
        "The timezone: <timeZone> is invalid. The timezone must be either a region-based zone ID or a zone offset. Region IDs must have the form 'area/city', such as 'America/Los_Angeles'. Zone offsets must be in the format '(+|-)HH', '(+|-)HH:mm’ or '(+|-)HH:mm:ss', e.g '-08' , '+01:00' or '-13:33:33', and must be in the range from -18:00 to +18:00. 'Z' and 'UTC' are accepted as synonyms for '+00:00'.";
    /// A URL that does not decode.
    CANNOT_DECODE_URL = "CANNOT_DECODE_URL", "22546", IllegalArgument,
        "The provided URL cannot be decoded: <url>. Please ensure that the URL is properly formatted and try again.";
    /// A text or bytes that a character set cannot hold.
    MALFORMED_CHARACTER_CODING = "MALFORMED_CHARACTER_CODING", "22000", SparkRuntime,
        "Invalid value found when performing <function> with <charset>";
    /// A character set that there is none of.
    INVALID_CHARSET = "INVALID_PARAMETER_VALUE.CHARSET", "22023", IllegalArgument,
        "The value of parameter(s) <parameter> in <functionName> is invalid: expects one of the <charsets>, but got <charset>.";
    /// `LIMIT -1`.
    NEGATIVE_LIMIT = "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE", "42K0E", Analysis,
        "The limit like expression <expr> is invalid. The <name> expression must be equal to or greater than 0, but got <v>.";
    /// A result beyond the integers, in ANSI mode.
    ARITHMETIC_OVERFLOW = "ARITHMETIC_OVERFLOW", "22003", Arithmetic,
        "<message>.<alternative> If necessary set <config> to \"false\" to bypass this error.";
    /// The same for bytes and shorts.
    BINARY_ARITHMETIC_OVERFLOW = "BINARY_ARITHMETIC_OVERFLOW", "22003", Arithmetic,
        "<value1> <symbol> <value2> caused overflow. Use <functionName> to ignore overflow problem and return NULL.";
    /// A number that does not fit a decimal, in ANSI mode.
    NUMERIC_VALUE_OUT_OF_RANGE = "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION", "22003", Arithmetic,
        " <value> cannot be represented as Decimal(<precision>, <scale>). If necessary set <config> to \"false\" to bypass this error, and return NULL instead.";
    /// A number that does not fit the type that it is cast to, in ANSI mode.
    CAST_OVERFLOW = "CAST_OVERFLOW", "22003", Arithmetic,
        "The value <value> of the type <sourceType> cannot be cast to <targetType> due to an overflow. Use `try_cast` to tolerate overflow and return NULL instead.";
    /// A typed literal that is none.
    INVALID_TYPED_LITERAL = "INVALID_TYPED_LITERAL", "42604", Parse,
        "The value of the typed literal <valueType> is invalid: <value>.";
    /// A regular expression that does not parse.
    INVALID_REGEXP = "INVALID_PARAMETER_VALUE.PATTERN", "22023", SparkRuntime,
        "The value of parameter(s) <parameter> in <functionName> is invalid: <value>.";
    /// A group that a regular expression does not have.
    REGEX_GROUP_INDEX = "INVALID_PARAMETER_VALUE.REGEX_GROUP_INDEX", "22023", SparkRuntime,
        "The value of parameter(s) <parameter> in <functionName> is invalid: Expects group index between 0 and <groupCount>, but got <groupIndex>.";
    /// A text that is none of the pattern, in ANSI mode.
    CANNOT_PARSE_TIMESTAMP = "CANNOT_PARSE_TIMESTAMP", "22007", DateTime,
        "<message>. Use <func> to tolerate invalid input string and return NULL instead.";
    /// Parts that make up no date, in ANSI mode.
    DATETIME_FIELD_OUT_OF_BOUNDS = "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION", "22023", DateTime,
        "<rangeMessage>. If necessary set <ansiConfig> to \"false\" to bypass this error.";
    /// A day of the week that is none, in ANSI mode.
    ILLEGAL_DAY_OF_WEEK = "ILLEGAL_DAY_OF_WEEK", "22009", IllegalArgument,
        "Illegal input for day of week: <string>.";
    /// A pattern of dates and times that is none.
    INVALID_DATETIME_PATTERN = "INVALID_DATETIME_PATTERN.WITH_SUGGESTION", "22007", SparkRuntime,
        "Unrecognized datetime pattern: <pattern>. You can form a valid datetime pattern with the guide from '<docroot>/sql-ref-datetime-pattern.html'.";
    /// A part of a date that is none.
    INVALID_EXTRACT_FIELD = "INVALID_EXTRACT_FIELD", "42601", Analysis,
        "Cannot extract <field> from <expr>.";
    /// A key twice in a map.
    DUPLICATED_MAP_KEY = "DUPLICATED_MAP_KEY", "23505", SparkRuntime,
        "Duplicate map key <key> was found, please check the input data.\nIf you want to remove the duplicated keys, you can set <mapKeyDedupPolicy> to \"LAST_WIN\" so that the key inserted at last takes precedence.";
    /// A null as a map's key.
    NULL_MAP_KEY = "NULL_MAP_KEY", "2200E", SparkRuntime,
        "Cannot use null as map key.";
    /// An argument that is out of bounds: where an array is cut.
    INVALID_SLICE_START = "INVALID_PARAMETER_VALUE.START", "22023", SparkRuntime,
        "The value of parameter(s) <parameter> in <functionName> is invalid: Expects a positive or a negative value for `start`, but got 0.";
    /// A length that is negative.
    INVALID_SLICE_LENGTH = "INVALID_PARAMETER_VALUE.LENGTH", "22023", SparkRuntime,
        "The value of parameter(s) <parameter> in <functionName> is invalid: Expects `length` greater than or equal to 0, but got <length>.";
    /// `raise_error` and `assert_true`.
    USER_RAISED_EXCEPTION = "USER_RAISED_EXCEPTION", "P0001", SparkRuntime,
        "<errorMessage>";
    /// A setting's value that is none of those it may have.
    INVALID_CONF_OPTION = "INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS", "22022", IllegalArgument,
        "The value '<confValue>' in the config \"<confName>\" is invalid. It should be one of '<confOptions>'.";
    /// A setting's value that does not parse.
    INVALID_CONF_VALUE = "INVALID_CONF_VALUE.TYPE_MISMATCH", "22022", IllegalArgument,
        "The value '<confValue>' in the config \"<confName>\" is invalid. It should be a/an '<confType>' value.";
    /// A time zone that nobody knows.
    INVALID_CONF_TIME_ZONE = "INVALID_CONF_VALUE.TIME_ZONE", "22022", IllegalArgument,
        "The value '<confValue>' in the config \"<confName>\" is invalid. Cannot resolve the given timezone.";
    /// A call that names an argument of a function without names for them.
    NAMED_PARAMETERS_NOT_SUPPORTED = "NAMED_PARAMETERS_NOT_SUPPORTED", "4274K", Analysis,
        "Named parameters are not supported for function <functionName>; please retry the query with positional arguments to the function call instead.";
    /// A call that names an argument twice.
    DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT = "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.BOTH_POSITIONAL_AND_NAMED", "4274K", Analysis,
        "Call to routine <routineName> is invalid because it includes multiple argument assignments to the same parameter name <parameterName>. A positional argument and named argument both referred to the same parameter. Please remove the named argument referring to this parameter.";
    /// A call without an argument that it must have.
    REQUIRED_PARAMETER_NOT_FOUND = "REQUIRED_PARAMETER_NOT_FOUND", "4274K", Analysis,
        "Cannot invoke routine <routineName> because the parameter named <parameterName> is required, but the routine call did not supply a value. Please update the routine call to supply an argument value (either positionally at index <index> or by name) and retry the query again.";
    /// A call with an argument by its place behind one by its name.
    UNEXPECTED_POSITIONAL_ARGUMENT = "UNEXPECTED_POSITIONAL_ARGUMENT", "4274K", Analysis,
        "Cannot invoke routine <routineName> because it contains positional argument(s) following the named argument assigned to <parameterName>; please rearrange them so the positional arguments come first and then retry the query again.";
    /// A call that names an argument that the function has not.
    UNRECOGNIZED_PARAMETER_NAME = "UNRECOGNIZED_PARAMETER_NAME", "4274K", Analysis,
        "Cannot invoke routine <routineName> because the routine call included a named argument reference for the argument named <argumentName>, but this routine does not include any signature containing an argument with this name. Did you mean one of the following? [<proposal>].";
    /// An argument that is not within what it may be.
    VALUE_OUT_OF_RANGE = "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: The <exprName> must be between <valueRange> (current value = <currentValue>).";
    /// A unit of time that is none.
    INVALID_DATETIME_UNIT = "INVALID_PARAMETER_VALUE.DATETIME_UNIT", "22023", Parse,
        "The value of parameter(s) <parameter> in <functionName> is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got the string literal <invalidValue>.";
    /// A minute of more than 60 seconds.
    INVALID_FRACTION_OF_SECOND = "INVALID_FRACTION_OF_SECOND", "22023", DateTime,
        "Valid range for seconds is [0, 60] (inclusive), but the provided value is <secAndMicros>. To avoid this error, use `try_make_timestamp`, which returns NULL on error.\nIf you do not want to use the session default timestamp version of this function, use `try_make_timestamp_ntz` or `try_make_timestamp_ltz`.";
    /// A text that is nothing in its format.
    CONVERSION_INVALID_INPUT = "CONVERSION_INVALID_INPUT", "22018", IllegalArgument,
        "The value <str> (<fmt>) cannot be converted to <targetType> because it is malformed. Correct the value as per the syntax, or change its format. Use <suggestion> to tolerate malformed input and return NULL instead.";
    /// A text that is not of its format of numbers.
    INVALID_FORMAT_MISMATCH = "INVALID_FORMAT.MISMATCH_INPUT", "42601", IllegalArgument,
        "The format is invalid: <format>. The input <inputType> <input> does not match the format.";
    /// A subquery in the place of a value that has several rows.
    SCALAR_SUBQUERY_TOO_MANY_ROWS = "SCALAR_SUBQUERY_TOO_MANY_ROWS", "21000", Spark,
        "More than one row returned by a subquery used as an expression.";
    /// A call of a function whose arguments do not fit together.
    FAILED_FUNCTION_CALL = "FAILED_FUNCTION_CALL", "38000", Analysis,
        "Failed preparing of the function <funcName> for call. Please, double check function's arguments.";
    /// A setting that belongs to the whole program.
    CANNOT_MODIFY_STATIC_CONFIG = "CANNOT_MODIFY_STATIC_CONFIG", "46110", Analysis,
        "Cannot modify the value of the static Spark config: <key>.";
    /// `toDF` with another number of names than of columns.
    ASSIGNMENT_ARITY_MISMATCH = "ASSIGNMENT_ARITY_MISMATCH", "42802", Analysis,
        "The number of columns or variables assigned or aliased: <numTarget> does not match the number of source expressions: <numExpr>.";
    /// The sides have different numbers of columns.
    NUM_COLUMNS_MISMATCH = "NUM_COLUMNS_MISMATCH", "42826", Analysis,
        "<operator> can only be performed on inputs with the same number of columns, but the first input has <firstNumColumns> columns and the <invalidOrdinalNum> input has <invalidNumColumns> columns.";
    /// A catalogue that is not there.
    CATALOG_NOT_FOUND = "CATALOG_NOT_FOUND", "42P08", Spark,
        "The catalog <catalogName> not found. Consider to set the SQL config <config> to a catalog plugin.";
    /// Every column is kept, and none becomes rows.
    UNPIVOT_REQUIRES_VALUE_COLUMNS = "UNPIVOT_REQUIRES_VALUE_COLUMNS", "42K0A", Analysis,
        "At least one value column needs to be specified for UNPIVOT, all columns specified as ids.";
    /// Columns that cannot become one.
    UNPIVOT_VALUE_DATA_TYPE_MISMATCH = "UNPIVOT_VALUE_DATA_TYPE_MISMATCH", "42K09", Analysis,
        "Unpivot value columns must share a least common type, some types do not: [<types>].";
    /// Columns that cannot become rows of one type.
    TRANSPOSE_NO_LEAST_COMMON_TYPE = "TRANSPOSE_NO_LEAST_COMMON_TYPE", "42K09", Analysis,
        "Transpose requires non-index columns to share a least common type, but <dt1> and <dt2> do not.";
    /// A column whose values are no names.
    TRANSPOSE_INVALID_INDEX_COLUMN = "TRANSPOSE_INVALID_INDEX_COLUMN", "42804", Analysis,
        "Invalid index column for TRANSPOSE because: <reason>";
    /// More rows than there may be columns.
    TRANSPOSE_EXCEED_ROW_LIMIT = "TRANSPOSE_EXCEED_ROW_LIMIT", "54006", Analysis,
        "Number of rows exceeds the allowed limit of <maxValues> for TRANSPOSE. If this was intended, set <config> to at least the current row count.";
    /// A statistic that `summary` does not know.
    UNRECOGNIZED_STATISTIC = "UNRECOGNIZED_STATISTIC", "42704", IllegalArgument,
        "The statistic <stats> is not recognized. Valid statistics include `count`, `count_distinct`, `approx_count_distinct`, `mean`, `stddev`, `min`, `max`, and percentile values. Percentile must be a numeric value followed by '%', within the range 0% to 100%.";
    /// No field would be left.
    CANNOT_DROP_ALL_FIELDS = "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS", "42K09", Analysis,
        "Cannot resolve <sqlExpr> due to data type mismatch: Cannot drop all fields in struct.";
    /// A name that does not parse as one.
    INVALID_ATTRIBUTE_NAME_SYNTAX = "INVALID_ATTRIBUTE_NAME_SYNTAX", "42601", Analysis,
        "Syntax error in the attribute name: <name>. Check that backticks appear in pairs, a quoted string is a complete name part and use a backtick only inside quoted name parts.";
    /// A column of a DataFrame that is none of those below.
    CANNOT_RESOLVE_DATAFRAME_COLUMN = "CANNOT_RESOLVE_DATAFRAME_COLUMN", "42704", Analysis,
        "Cannot resolve dataframe column <name>. It's probably because of illegal references like `df1.select(df2.col(\"a\"))`.";
    /// A column of a DataFrame that the query holds more than once.
    AMBIGUOUS_COLUMN_REFERENCE = "AMBIGUOUS_COLUMN_REFERENCE", "42702", Analysis,
        "Column <name> is ambiguous. It's because you joined several DataFrame together, and some of these DataFrames are the same.\nThis column points to one of the DataFrames but Spark is unable to figure out which one.\nPlease alias the DataFrames with different names via `DataFrame.alias` before joining them,\nand specify the column using qualified name, e.g. `df.alias(\"a\").join(df.alias(\"b\"), col(\"a.id\") > col(\"b.id\"))`.";
    /// An id that is no UUID.
    INVALID_HANDLE_FORMAT = "INVALID_HANDLE.FORMAT", "HY000", Spark,
        "The handle <handle> is invalid. Handle must be an UUID string of the format '00112233-4455-6677-8899-aabbccddeeff'";
    /// An operation that is unknown, or was released.
    INVALID_HANDLE_OPERATION_NOT_FOUND = "INVALID_HANDLE.OPERATION_NOT_FOUND", "HY000", Spark,
        "The handle <handle> is invalid. Operation not found.";
    /// An operation that nobody listened to for too long.
    INVALID_HANDLE_OPERATION_ABANDONED = "INVALID_HANDLE.OPERATION_ABANDONED", "HY000", Spark,
        "The handle <handle> is invalid. Operation was considered abandoned because of inactivity and removed.";
    /// An operation's id that another one has.
    INVALID_HANDLE_OPERATION_ALREADY_EXISTS = "INVALID_HANDLE.OPERATION_ALREADY_EXISTS", "HY000", Spark,
        "The handle <handle> is invalid. Operation already exists.";
    /// A session that is unknown.
    INVALID_HANDLE_SESSION_NOT_FOUND = "INVALID_HANDLE.SESSION_NOT_FOUND", "HY000", Spark,
        "The handle <handle> is invalid. Session not found.";
    /// A session that was released, or expired.
    INVALID_HANDLE_SESSION_CLOSED = "INVALID_HANDLE.SESSION_CLOSED", "HY000", Spark,
        "The handle <handle> is invalid. Session was closed.";
    /// A session's id that is taken.
    INVALID_HANDLE_SESSION_ALREADY_EXISTS = "INVALID_HANDLE.SESSION_ALREADY_EXISTS", "HY000", Spark,
        "The handle <handle> is invalid. Session already exists. Please provide a different session ID for the cloned session.";
    /// A session that is not the one that the client talked to before.
    INVALID_HANDLE_SESSION_CHANGED = "INVALID_HANDLE.SESSION_CHANGED", "HY000", Spark,
        "The handle <handle> is invalid. The existing Spark server driver instance has restarted. Please reconnect.";
    /// A response that was released.
    INVALID_CURSOR_POSITION_NOT_AVAILABLE = "INVALID_CURSOR.POSITION_NOT_AVAILABLE", "HY109", Spark,
        "The cursor is invalid. The cursor position id <responseId> is no longer available at index <index>.";
    /// A response that there never was.
    INVALID_CURSOR_POSITION_NOT_FOUND = "INVALID_CURSOR.POSITION_NOT_FOUND", "HY109", Spark,
        "The cursor is invalid. The cursor position id <responseId> is not found.";
    /// Another stream took over.
    INVALID_CURSOR_DISCONNECTED = "INVALID_CURSOR.DISCONNECTED", "HY109", Spark,
        "The cursor is invalid. The cursor has been disconnected by the server.";
    /// An operation that was not begun so that it could be attached to.
    INVALID_CURSOR_NOT_REATTACHABLE = "INVALID_CURSOR.NOT_REATTACHABLE", "HY109", Spark,
        "The cursor is invalid. The cursor is not reattachable.";
    /// An operation that was interrupted.
    OPERATION_CANCELED = "OPERATION_CANCELED", "HY008", Spark,
        "Operation has been canceled.";
    /// A compressed plan that cannot be read.
    CONNECT_INVALID_PLAN_CANNOT_PARSE = "CONNECT_INVALID_PLAN.CANNOT_PARSE", "56K00", Spark,
        "The Spark Connect plan is invalid. Cannot decompress or parse the input plan (<errorMsg>)\nThis may be caused by a corrupted compressed plan.\nTo disable plan compression, set 'spark.connect.session.planCompression.threshold' to -1.";
    /// A compressed plan that would be too large.
    CONNECT_INVALID_PLAN_PLAN_SIZE_LARGER_THAN_MAX = "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX", "56K00", Spark,
        "The Spark Connect plan is invalid. The plan size is larger than max (<planSize> vs. <maxPlanSize>)\nThis typically occurs when building very complex queries with many operations, large literals, or deeply nested expressions.\nConsider splitting the query into smaller parts using temporary views for intermediate results or reducing the number of operations.";
    /// A setting that is neither set nor known.
    SQL_CONF_NOT_FOUND = "SQL_CONF_NOT_FOUND", "42K0I", Spark,
        "The SQL config <sqlConf> cannot be found. Please verify that the config exists.";
    /// A file that a client sends twice, and not the same.
    ARTIFACT_ALREADY_EXISTS = "ARTIFACT_ALREADY_EXISTS", "42713", SparkRuntime,
        "The artifact <normalizedRemoteRelativePath> already exists. Please choose a different name for the new artifact because it cannot be overwritten.";
}

impl Condition {
    /// The error with these parameters.
    pub fn error<const N: usize>(self, parameters: [(&str, String); N]) -> SparkError {
        let mut text = self.template.to_owned();
        for (name, value) in &parameters {
            text = text.replace(&format!("<{name}>"), value);
        }
        // Spark's unnamed conditions show the text alone.
        let message = if self.sql_state.is_empty() {
            text
        } else {
            format!("[{}] {text} SQLSTATE: {}", self.name, self.sql_state)
        };
        SparkError {
            exception: self.exception,
            condition: Some(self.name.to_owned()),
            sql_state: (!self.sql_state.is_empty()).then(|| self.sql_state.to_owned()),
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            message,
        }
    }
}
