// openapi-ts --file openapi-ts.config.mjs
export default {
  input: process.env.PAMELA_SPECIFICATION ?? "openapi.json",
  output: { path: "client", importFileExtension: ".js" },
  plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
};
