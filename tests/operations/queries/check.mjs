// Reads tables and queries as JSON; writes what the language service finds in each query, and the columns that it yields.

import { readFileSync } from "node:fs";
// Both define globals, the second one by means of the first.
import "@kusto/language-service-next/bridge.min.js";
import "@kusto/language-service-next/Kusto.Language.Bridge.min.js";

const { GlobalState, KustoCode, Symbols } = Kusto.Language;
const { ColumnSymbol, DatabaseSymbol, ScalarTypes, TableSymbol } = Symbols;

const array = (list) => Array.from({ length: list.Count }, (_, index) => list.getItem(index));
const column = ([name, type]) => new ColumnSymbol(name, ScalarTypes.GetSymbol(type));
const table = ([name, { columns }]) => new TableSymbol.$ctor4(name, Object.entries(columns).map(column));

const { tables, queries } = JSON.parse(readFileSync(0, "utf8"));
const database = new DatabaseSymbol.ctor("workspace", Object.entries(tables).map(table));
const globals = GlobalState.Default.WithDatabase(database);

const answers = queries.map((query) => {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const columns = code.ResultType?.Columns;
  return {
    diagnostics: array(code.GetDiagnostics()).map((each) => `${each.Code} ${each.Message}`),
    columns: columns ? Object.fromEntries(array(columns).map((each) => [each.Name, each.Type.Name])) : {},
  };
});
process.stdout.write(JSON.stringify(answers));
