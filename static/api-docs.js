"use strict";

/* Swagger UI over our own schema. It asks no other host: its validator is off. */
const page = document.getElementById("api");

const withCsrf = (request) => {
  if (request.method && request.method !== "GET") {
    request.headers["X-CSRFToken"] = page.dataset.csrf;
  }
  return request;
};

SwaggerUIBundle({
  url: page.dataset.schema,
  domNode: page,
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  deepLinking: true,
  filter: true,
  validatorUrl: null,
  requestInterceptor: withCsrf,
});
