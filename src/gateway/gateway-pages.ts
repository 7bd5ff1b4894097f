import type { BuiltFiles } from '../built-files.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import { createApp, createSignInApp, type RoutedApp } from '../pages/app.ts'
import { createAccountApp } from '../pages/accounts/account-app.ts'
import { createApplicationTokenApi } from '../pages/cloudflared/application-token-api.ts'
import { createCloudflaredPages } from '../pages/cloudflared/cloudflared-pages.ts'
import type { PageApp } from '../pages/answers/page-app.ts'
import { createApplicationPages } from '../pages/application-pages.ts'
import type { Downloads } from '../downloads/downloads.ts'
import { createHandOut } from '../downloads/hand-out.ts'
import { createOwnTunnelsApi } from '../pages/own-tunnels-api.ts'
import { createCutApi } from '../pages/cut-api.ts'
import { createDownloadPages } from '../pages/download-pages.ts'
import { createRoutesApi } from '../pages/pomerium/routes-api.ts'
import { createSshSignApi } from '../pages/ssh-sign-api.ts'
import type { SshCa } from '../ssh-ca/ssh-ca.ts'
import { createSignInLog } from '../pages/sign-in/sign-in-log.ts'
import { lacksAllow } from '../access/access-grant.ts'
import type { AccessWish } from '../control/requests.ts'
import type { FindableDenials } from '../pages/refused/denials.ts'
import { createRefusedPages, type RefusedParts } from '../pages/refused/refused-pages.ts'
import { createRequestApi } from '../pages/requests/request-api.ts'
import type { AccessRequests } from '../requests/access-requests.ts'
import { accessFor } from '../requests/route-access.ts'
import type { Assembly } from './assemble.ts'
import type { GatewayIdentity, OpenIdentity } from './open-identity.ts'
import { createWithGrant, type WithGrantParts } from './with-grant.ts'
import { createPublishApp } from '../pages/publish/publish-app.ts'
import type { OpenPublishing } from './open-publishing.ts'
import type { ApiParts, CreatePages, Followed } from './parts.ts'
import type { Operations } from '../control/operations.ts'
import type { ChangeFeed } from '../store/store.ts'
import { beforeAnswer } from '../telemetry/before-answer.ts'

export interface GatewayPagesOptions {
  readonly parts: Pick<
    Assembly,
    | 'applicationAt'
    | 'foreseen'
    | 'audit'
    | 'metrics'
    | 'cutTunnels'
    | 'parseRedirect'
    | 'deviceLogin'
    | 'routesFor'
    | 'seenBy'
    | 'roleOf'
    | 'decide'
    | 'routeTable'
    | 'liveTunnels'
    | 'sshCaSettings'
    | keyof WithGrantParts
  >
  readonly sshCa: SshCa
  readonly scimApi: PageApp
  /** Undefined when nobody can sign in. */
  readonly signIn: OpenIdentity['signIn']
  readonly publishing: OpenPublishing
  readonly logger: Logger
  readonly clock: Clock
  readonly feed: ChangeFeed
  readonly followed: Followed
  readonly identity: Pick<GatewayIdentity, 'identify' | 'session' | 'sessionVersion'>
  readonly operations: Operations
  readonly denials: FindableDenials
  readonly accessRequests: Pick<AccessRequests, 'pendingOf' | 'page'>
  readonly downloads: Downloads
  /** The script of the pages about passkeys. */
  readonly passkeyFiles: BuiltFiles | undefined
  /** Makes the pages at the gateway's own address; plain ones without it. */
  readonly createPages: CreatePages | undefined
}

/** Makes everything that is served beside tunnels, each page and API of what it names. */
export function createGatewayPages({
  parts,
  sshCa,
  scimApi,
  signIn,
  publishing,
  logger,
  clock,
  feed,
  followed,
  identity,
  operations,
  denials,
  accessRequests,
  downloads,
  passkeyFiles,
  createPages,
}: GatewayPagesOptions): RoutedApp {
  const { audit, metrics, cutTunnels, parseRedirect, deviceLogin, routesFor, seenBy } = parts
  const callerOf: ApiParts['callerOf'] = async (cookieHeader) =>
    signIn?.identity.fromCookie(cookieHeader)
  const standingOf: RefusedParts['standingOf'] = (caller, route) => {
    const decision = parts.decide.foreseen(caller, route)
    if (decision.outcome === 'allow') return 'allowed'
    return lacksAllow(decision) && route.approval !== undefined ? 'may-ask' : 'none'
  }
  const pages = createPages?.({
    logger,
    origin: signIn?.origin,
    sessionOf: async (cookieHeader) => (await signIn?.identity.fromCookie(cookieHeader))?.session,
    seenBy,
    accessFor: (caller, route) =>
      accessFor(caller, route, { decide: parts.decide, pendingOf: accessRequests.pendingOf }),
    hasAsked: async (userId) => (await accessRequests.page({ userId }, 1)).length > 0,
    roleOf: parts.roleOf,
    downloads: () => downloads.offer(),
    denials,
    routeTable: parts.routeTable,
    clock,
    audit,
    operations,
    feed,
    followed,
    callerOf,
    identify: (headers) => identity.identify(headers),
    session: (id) => identity.session(id),
    sessionVersion: (id) => identity.sessionVersion(id),
  })
  const signInParts = signIn && {
    identity: signIn.identity,
    origin: signIn.origin,
    metrics,
    audit,
    logger,
    signInLog: createSignInLog(audit, clock),
    home: pages?.hasPortal === true ? '/' : '/.pomerium/',
    parseRedirect,
    deviceLogin,
    routesFor,
    seenBy,
  }
  const { applicationAt, foreseen } = parts
  const cloudflared = signIn && { ...signIn, clock, audit, applicationAt, foreseen }
  return createApp({
    logger,
    beforeAnswer: () => beforeAnswer(audit),
    ...(cloudflared && {
      cloudflared: [createCloudflaredPages(cloudflared), createApplicationTokenApi(cloudflared)],
    }),
    signIn: signInParts && createSignInApp(signInParts),
    accounts: signInParts && createAccountApp(signInParts, passkeyFiles),
    publish: signInParts && createPublishApp({ ...signInParts, ...publishing }),
    applications: createApplicationPages({ applicationAt }),
    scimApi,
    routesApi: createRoutesApi({ signIn, seenBy }),
    sshSignApi: createSshSignApi({
      sshCa,
      audit,
      settings: () => parts.sshCaSettings(),
      withGrant: createWithGrant(parts),
    }),
    refused:
      signInParts &&
      createRefusedPages({
        ...signInParts,
        denials,
        roleOf: parts.roleOf,
        routeById: (id) => parts.routeTable().routes.find((route) => route.id === id),
        standingOf,
        pendingOf: accessRequests.pendingOf,
        requestAccess: (c, { session, version }, wish) =>
          operations.requestAccess(
            { kind: 'caller', session, sessionVersion: version, ...c.env },
            wish,
          ),
      }),
    requestApi: createRequestApi({
      identify: (headers) => identity.identify(headers),
      list: (by, cursor) =>
        operations.listAccessRequests({ kind: 'caller', ...by }, { mine: true, cursor }),
      find: (by, id) => operations.findAccessRequest({ kind: 'caller', ...by }, id),
      ask: (by, wish, isBreakGlass) =>
        isBreakGlass
          ? operations.breakGlass({ kind: 'caller', ...by }, wish as AccessWish)
          : operations.requestAccess({ kind: 'caller', ...by }, wish as AccessWish),
      end: (by, id) => operations.endAccess({ kind: 'caller', ...by }, id),
    }),
    ownTunnelsApi: createOwnTunnelsApi({
      identify: (headers) => identity.identify(headers),
      liveTunnels: parts.liveTunnels,
    }),
    cutApi: createCutApi(cutTunnels),
    downloads: createDownloadPages({
      downloads,
      handOut: createHandOut({ clock }),
      origin: signIn?.origin,
    }),
    pages: pages?.app,
  })
}
