/** Answers of Marathon that are not a success, with the bodies its API gives. */
import type { Json } from './definitions/json.ts';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: Json;

  constructor(status: number, body: Json) {
    super(typeof body['message'] === 'string' ? body['message'] : `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

export function noSuchApp(id: string): ApiError {
  return new ApiError(404, { message: `App '${id}' does not exist` });
}

export function invalidObject(details: readonly { path: string; errors: string[] }[]): ApiError {
  return new ApiError(422, { message: 'Object is not valid', details });
}

export function locked(deployments: readonly string[]): ApiError {
  return new ApiError(409, {
    message:
      "App is locked by one or more deployments. Override with the option '?force=true'. " +
      "View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
    deployments: deployments.map((id) => ({ id })),
  });
}
