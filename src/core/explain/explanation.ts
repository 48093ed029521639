/** The shape of an answer to "why": the same for every question, so that people and tools read it alike. Types only. */
import type { Diagnostic } from '../model/diagnostic.ts';
import type { AppId, BackendName } from '../model/ids.ts';
import type { Server } from '../model/service.ts';
import type { TaskDecision } from '../servers/servers.ts';

export interface Explanation {
  readonly kind: 'request' | 'port' | 'app' | 'task';
  /** What was understood, e.g. `shop.example.com/api`. */
  readonly subject: string;
  /** The answer in a sentence. */
  readonly answer: string;
  /** True where it is served by at least one server. */
  readonly served: boolean;
  /** Who may claim the request or the port: the winner first, then the others in the order in which they lose. */
  readonly candidates: readonly Candidate[];
  /** The services it is about: the winner's, or the app's, port by port. */
  readonly services: readonly ServiceView[];
  readonly diagnostics: readonly Diagnostic[];
  /** What else is worth knowing, or trying. */
  readonly hints: readonly string[];
}

export interface Candidate {
  readonly appId: AppId;
  readonly portIndex: number;
  /** Undefined where the port is not exposed. */
  readonly backend: BackendName | undefined;
  /** What it claims: `*.example.com/api`, `port 10001`. */
  readonly claim: string;
  readonly weight: number | undefined;
  /** `depends`: rules of templates lead there, whose conditions only HAProxy can judge. */
  readonly verdict: 'wins' | 'depends' | 'loses' | 'rejected' | 'not-exposed';
  readonly reason: string;
}

export interface ServiceView {
  readonly appId: AppId;
  readonly portIndex: number;
  readonly backend: BackendName | undefined;
  readonly servicePort: number | undefined;
  readonly mode: 'http' | 'tcp' | undefined;
  readonly serving: boolean;
  /** Why it does not serve; 'serving' where it does. */
  readonly reason: string;
  /** Each host and path that it claims, and who has it. */
  readonly routes: readonly {
    readonly claim: string;
    readonly weight: number;
    readonly owner: AppId | undefined;
  }[];
  /** What other services on its hosts ask of requests for it, by their labels. */
  readonly guards: readonly GuardView[];
  readonly servers: readonly Server[];
  readonly tasks: readonly TaskDecision[];
}

export interface GuardView {
  readonly appId: AppId;
  readonly portIndex: number;
  /** `a.example.com/admin`. */
  readonly places: readonly string[];
  readonly labels: readonly string[];
}

/** What the explanation needs to know beside the model. */
export interface ExplainContext {
  /** Ports of Pacer's own listeners → what they are for. */
  readonly ownPorts: ReadonlyMap<number, string>;
  readonly httpPort: number | undefined;
  readonly httpsPort: number | undefined;
  /** What is wrong with Marathon's definitions. */
  readonly malformed: readonly Diagnostic[];
}
