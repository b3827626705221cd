// A second opinion on SOQL: which of these statements does @jetstreamapp/soql-parser-js take?
export function valid(take, { statements }) {
  const { isQueryValid } = take('@jetstreamapp/soql-parser-js');
  return statements.map((statement) => isQueryValid(statement));
}
