/** The outcome of a comparison. Types only. */

export interface RoutingDifference {
  readonly kind: 'http' | 'https' | 'port' | 'app-id' | 'backend';
  /** `shop.example.com/api`, `10001`, `/team/web`, `team_web_10001`. */
  readonly subject: string;
  readonly marathonLb: string;
  readonly pacer: string;
  readonly why: string;
}

export interface Comparison {
  /** How many requests, ports, app ids and backends were compared. */
  readonly compared: number;
  readonly differences: readonly RoutingDifference[];
  /** What differs without a consequence for who serves a request. */
  readonly notes: readonly Note[];
  /** What could not be compared, and why. */
  readonly unknown: readonly { readonly subject: string; readonly why: string }[];
}

export interface Note {
  /** A backend. */
  readonly subject: string;
  readonly text: string;
}
