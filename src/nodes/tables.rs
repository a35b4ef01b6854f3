//! Work on tables.

mod join;

use datafusion::{
    common::TableReference,
    dataframe::DataFrame,
    error::Result as QueryResult,
    functions_aggregate::expr_fn::min,
    logical_expr::{Expr, SortExpr},
    prelude::{SessionContext, ident},
};

use super::{
    Arity, Cacheability, Context, Family, Kind, NodeError, ParameterSchema, ParameterType, ResolvedParameters, Success,
    sql::{self, Named, free_column_name, names_clock_or_chance},
};
use crate::value::{Table, Value, ValueType};

pub(super) fn kinds() -> Vec<Kind> {
    vec![filter(), select(), sort(), group(), join::join(), sql_query()]
}

/// The name of the one table that filter, select, sort and group work on.
const TABLE: &str = "table";

fn on_one_table(
    id: &'static str,
    title: &'static str,
    executor: impl Fn(&Context<'_>) -> Result<Table, NodeError> + Send + Sync + 'static,
) -> Kind {
    Kind::new(id, title, Family::Tables, move |ctx| executor(ctx).map(|table| Success::one("table", table)))
        .input("table", ValueType::Table, Arity::Required)
        .output("table", ValueType::Table)
        .cacheable(kept_unless_momentary)
}

/// Results can be kept unless a text among the parameters names a clock or chance.
fn kept_unless_momentary(parameters: &ResolvedParameters<'_>) -> Cacheability {
    let is_momentary = |value: &Value| match value {
        Value::Text(text) => names_clock_or_chance(text),
        Value::List(items) => items.iter().filter_map(Value::as_text).any(names_clock_or_chance),
        _ => false,
    };
    if parameters.iter().any(|(_, value)| is_momentary(value)) { Cacheability::Never } else { Cacheability::Always }
}

/// Returns the lines that say something.
fn filled_lines(ctx: &Context<'_>, parameter: &str) -> Vec<String> {
    let lines = ctx.parameters().lines(parameter).into_iter().map(str::trim);
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Returns a column if the text is its name as it is, spaces and all, else the SQL expression the text stands for.
fn expression(frame: &DataFrame, text: &str) -> QueryResult<Expr> {
    if frame.schema().fields().iter().any(|field| field.name() == text) {
        Ok(ident(text))
    } else {
        frame.parse_sql_expr(text)
    }
}

/// Gives an expression without a name of its own the text it was written as.
fn named_expression(frame: &DataFrame, text: &str) -> QueryResult<Expr> {
    Ok(match expression(frame, text)? {
        named @ (Expr::Alias(_) | Expr::Column(_)) => named,
        other => other.alias(text),
    })
}

/// Returns all columns but one.
fn all_but(frame: &DataFrame, hidden: &str) -> Vec<Expr> {
    frame.schema().fields().iter().map(|field| field.name()).filter(|name| *name != hidden).map(ident).collect()
}

async fn whole_table(session: &SessionContext) -> QueryResult<DataFrame> {
    session.table(TableReference::bare(TABLE)).await
}

fn filter() -> Kind {
    on_one_table("filter", "Filter", |ctx| {
        let condition = ctx.parameters().text("condition").trim().to_owned();
        let table = ctx.table("table")?;
        if condition.is_empty() {
            return Ok(table);
        }
        sql::run(ctx, vec![Named::new(TABLE, &table)], None, async move |session: SessionContext| {
            let frame = whole_table(&session).await?;
            let predicate = expression(&frame, &condition)?;
            frame.filter(predicate)
        })
    })
    .about("Keeps the rows for which a condition holds.", "where rows condition select subset remove sql")
    .parameter(
        ParameterSchema::new(
            "condition",
            "Condition",
            ParameterType::Text { language: "sql condition" },
            "",
            "A condition on the columns, as in SQL: body_mass_g > 4000 AND sex = 'female'. Names with spaces go in double \
             quotes. Empty keeps all rows.",
        )
        .on_node(),
    )
}

fn select() -> Kind {
    on_one_table("select", "Select Columns", |ctx| {
        let lines = filled_lines(ctx, "columns");
        let table = ctx.table("table")?;
        if lines.is_empty() {
            return Err(NodeError::new("no column is named: write one a line, or * for all"));
        }
        sql::run(ctx, vec![Named::new(TABLE, &table)], None, async move |session: SessionContext| {
            let frame = whole_table(&session).await?;
            let mut columns = Vec::new();
            for line in &lines {
                match line.as_str() {
                    "*" => columns.extend(frame.schema().fields().iter().map(|field| ident(field.name()))),
                    line => columns.push(named_expression(&frame, line)?),
                }
            }
            frame.select(columns)
        })
    })
    .about("Keeps some columns, renames them or computes new ones.", "columns project rename compute calculate derive")
    .parameter(
        ParameterSchema::new(
            "columns",
            "Columns",
            ParameterType::Lines,
            Value::list([Value::text("*")]),
            "One a line: a column, * for all, or an SQL expression with its name, as in body_mass_g / 1000 AS kg.",
        )
        .on_node(),
    )
}

fn sort() -> Kind {
    on_one_table("sort", "Sort", |ctx| {
        let lines = filled_lines(ctx, "by");
        let table = ctx.table("table")?;
        if lines.is_empty() {
            return Ok(table);
        }
        let row = free_column_name(&[&table]);
        let input = Named::new(TABLE, &table).with_row_numbers(&row)?;
        sql::run(ctx, vec![input], Some(row.clone()), async move |session: SessionContext| {
            let frame = whole_table(&session).await?;
            let mut keys = lines.iter().map(|line| sort_key(&frame, line)).collect::<QueryResult<Vec<SortExpr>>>()?;
            // Rows that compare equal stay in their order.
            keys.push(ident(&row).sort(true, false));
            let columns = all_but(&frame, &row);
            frame.sort(keys)?.select(columns)
        })
    })
    .about("Puts the rows in order.", "order rank top ascending descending arrange")
    .parameter(
        ParameterSchema::new(
            "by",
            "By",
            ParameterType::Lines,
            Value::list([]),
            "One a line: a column or SQL expression, with desc after it for the greatest first. Empty cells come last.",
        )
        .on_node(),
    )
}

fn sort_key(frame: &DataFrame, line: &str) -> QueryResult<SortExpr> {
    let (text, is_ascending) = match line.rsplit_once(char::is_whitespace) {
        Some((text, word)) if word.eq_ignore_ascii_case("desc") => (text.trim(), false),
        Some((text, word)) if word.eq_ignore_ascii_case("asc") => (text.trim(), true),
        _ => (line, true),
    };
    Ok(expression(frame, text)?.sort(is_ascending, false))
}

fn group() -> Kind {
    on_one_table("group", "Group", |ctx| {
        let (by, aggregates) = (filled_lines(ctx, "by"), filled_lines(ctx, "aggregates"));
        let table = ctx.table("table")?;
        if by.is_empty() && aggregates.is_empty() {
            return Err(NodeError::new("name the columns to group by, or what to compute, such as count(*) AS n"));
        }
        let row = free_column_name(&[&table]);
        let input = Named::new(TABLE, &table).with_row_numbers(&row)?;
        sql::run(ctx, vec![input], Some(row.clone()), async move |session: SessionContext| {
            let frame = whole_table(&session).await?;
            let by = by.iter().map(|line| named_expression(&frame, line)).collect::<QueryResult<Vec<_>>>()?;
            let mut computed =
                aggregates.iter().map(|line| named_expression(&frame, line)).collect::<QueryResult<Vec<_>>>()?;
            // Groups come in the order of their first rows.
            computed.push(min(ident(&row)).alias(&row));
            let grouped = frame.aggregate(by, computed)?;
            let columns = all_but(&grouped, &row);
            grouped.sort(vec![ident(&row).sort(true, false)])?.select(columns)
        })
    })
    .about(
        "Puts rows with equal values together and computes one row for each group.",
        "aggregate sum average mean count min max median distinct unique summary statistics pivot",
    )
    .parameter(
        ParameterSchema::new(
            "by",
            "Group by",
            ParameterType::Lines,
            Value::list([]),
            "The columns whose values make a group, one a line; none makes one group of all rows.",
        )
        .on_node(),
    )
    .parameter(
        ParameterSchema::new(
            "aggregates",
            "Compute",
            ParameterType::Lines,
            Value::list([Value::text("count(*) AS n")]),
            "One a line: what to compute for each group, as in avg(body_mass_g) AS mean_mass.",
        )
        .on_node(),
    )
}

fn sql_query() -> Kind {
    Kind::new("sql", "SQL", Family::Tables, |ctx| {
        let query = ctx.parameters().text("query").to_owned();
        if query.trim().is_empty() {
            return Err(NodeError::new("there is no query: write one such as SELECT * FROM t1"));
        }
        let mut tables = Vec::new();
        for (port, value) in ctx.inputs("t") {
            if let Value::Table(table) = value.convert(ValueType::Table)? {
                tables.push(Named::new(port.as_str(), &table));
            }
        }
        sql::query(ctx, tables, None, query).map(|table| Success::one("table", table))
    })
    .about("Asks tables a question in SQL.", "query select from where group join window database datafusion")
    .input("t", ValueType::Table, Arity::Many { min: 0 })
    .output("table", ValueType::Table)
    .parameter(
        ParameterSchema::new(
            "query",
            "Query",
            ParameterType::Text { language: "sql" },
            "SELECT * FROM t1",
            "One query; the connected tables are t1, t2, … Names are written as in the data; those with spaces go in double \
             quotes.",
        )
        .on_node(),
    )
    .cacheable(kept_unless_momentary)
}

#[cfg(test)]
mod tests;
