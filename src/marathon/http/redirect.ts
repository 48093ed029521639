/**
 * The request for the event stream. Redirects are followed here, because a standby redirects to the leader, and fetch
 * would drop the credentials on the way. Knows nothing of events.
 * [marathon] api/LeaderProxyFilter.scala: only /v2/events is redirected, 1.7 and later
 */
import { fetch, type Dispatcher, type Response } from 'undici';
import { pathBelow, type Endpoints } from './endpoints.ts';
import type { Transport } from './transport.ts';

/** The open stream. */
export interface Opened {
  readonly response: Response;
  /** The node that answered in the end. */
  readonly node: URL;
}

/** A standby may name a leader that has just become a standby itself. */
const maxRedirects = 2;

/** Opens the event stream at this endpoint, or at the leader it names. @throws Error that says what failed */
export async function openEvents(
  endpoint: URL,
  query: string,
  { endpoints, transport, signal }: { endpoints: Endpoints; transport: Transport; signal: AbortSignal },
): Promise<Opened> {
  const path = `/v2/events?${query}`;
  await transport.refresh(true);
  let node = endpoint;
  let url = new URL(pathBelow(endpoint, path), endpoint);
  for (let redirects = 0; ; redirects++) {
    const authorizer = endpoints.authorizerFor(node);
    const authorization = await authorizer?.header();
    let response = await ask(url, authorization, transport.streams(node), signal).catch(
      async (error: unknown) => {
        // An abort must remain an abort.
        throw signal.aborted ? error : await transport.explained(error, node);
      },
    );
    if (response.status === 401 && authorization !== undefined && authorizer?.refused(authorization)) {
      await response.body?.cancel();
      response = await ask(url, await authorizer.header(), transport.streams(node), signal);
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return { response, node };
    await response.body?.cancel();
    if (redirects === maxRedirects) throw new Error(`${url.origin} redirects in a circle`);
    const named = new URL(location, url);
    const leader = endpoints.learnLeader(named.href, node);
    if (
      leader === undefined &&
      authorization !== undefined &&
      node.protocol === 'https:' &&
      named.protocol === 'http:'
    ) {
      throw new Error(
        `${node.origin} names ${named.origin} as the leader; name its https address among the endpoints`,
      );
    }
    node = leader ?? new URL(named.origin);
    url =
      leader === undefined || leader.host === named.host ? named : new URL(pathBelow(leader, path), leader);
    if (leader !== undefined) url.protocol = leader.protocol;
  }
}

function ask(
  url: URL,
  authorization: string | undefined,
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(url, {
    dispatcher,
    redirect: 'manual',
    signal,
    headers: {
      // [jetty] EventSourceServlet compares the whole header line: anything else is answered with 405.
      accept: 'text/event-stream',
      'cache-control': 'no-cache',
      'user-agent': 'pacer',
      ...(authorization !== undefined && { authorization }),
    },
  });
}
