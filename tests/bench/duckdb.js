// duckdb.js THREADS SQL - run one statement with DuckDB. Node finds the package by NODE_PATH.
'use strict';
const { DuckDBInstance } = require('@duckdb/node-api');

async function main([threads, statement]) {
    const instance = await DuckDBInstance.create(':memory:', { threads });
    const connection = await instance.connect();
    await connection.run(statement);
}

main(process.argv.slice(2)).catch((error) => {
    console.error(`duckdb.js: ${error.message}`);
    process.exit(1);
});
