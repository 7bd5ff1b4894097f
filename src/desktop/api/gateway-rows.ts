import { createAccessRequestClient } from '../../client/requests/access-requests.ts'
import { fetchRoutes } from '../../client/routes/fetch-routes.ts'
import { formatRouteTarget, parseRouteFrom } from '../../client/routes/route-target.ts'
import type { ListedRoute, RoutesAnswer } from '../../client/routes/routes-answer.ts'
import { PeerError } from '../../errors.ts'
import type { GatewayAddress } from '../../reach/destination.ts'
import type { AccessRequestAnswer } from '../../tunnel/access-request.ts'
import { planLoad } from '../connections/routes/plan-load.ts'
import type { Daemon } from '../running/daemon-types.ts'
import type { GatewayLink } from '../gateways/gateway-link.ts'
import { gatewayNamed } from '../gateways/named-gateway.ts'
import {
  accessInput,
  gatewayInput,
  loadInput,
  type AccessAnswer,
  sessionInput,
  type GatewayInput,
  type RouteView,
  type SessionInput,
  signInInput,
} from '../wire/calls.ts'
import type { SavedConnection } from '../wire/connection.ts'
import type { Kept } from '../running/kept.ts'
import { row, type Row } from './rows.ts'

/**
 * Time for a gateway's answer to the window, a sign-in not included, in milliseconds.
 *
 * @limit time for a gateway to answer what the window asks of it: an error that says so
 */
const answerTimeoutMs = 15_000

const nobody: Partial<Kept> = {}

/** How long access is asked for where nobody says, in seconds. */
const defaultSeconds = 3_600

/** Calls about gateways and what they offer. */
export function gatewayRows(daemon: Daemon): readonly Row[] {
  const linkTo = async (input: GatewayInput): Promise<GatewayLink> => {
    const isUnverified = input.disable_tls_verification ?? false
    const settings = { ...input, disable_tls_verification: isUnverified }
    const gateway = await gatewayNamed(input.gateway, settings, await daemon.remembered())
    return daemon.links.take(gateway, settings)
  }

  /** A page has no private key, and a certificate authority only where somebody has pasted it. */
  const linkOf = (input: SessionInput): Promise<GatewayLink> => {
    const { saved, checked } =
      input.connection === undefined ? nobody : daemon.find(input.connection)
    const gateway = checked?.destination?.gateway
    return saved === undefined || gateway === undefined
      ? linkTo(input)
      : daemon.links.take(gateway, saved)
  }

  return [
    row('POST /gateways/sign-in', signInInput, async ({ is_renewal: isRenewal, ...input }) => {
      const link = await linkOf(input)
      return { ...(await link.signIn(isRenewal)), gateway: link.view.origin }
    }),
    row('POST /gateways/sign-out', sessionInput, async (input) => {
      const link = await linkOf(input)
      const ended = await link.signOut()
      // Others to the same gateway, which trust in another way, had the same session.
      const others = daemon.links.all().filter((one) => one !== link)
      const same = others.filter(({ view }) => view.origin === link.view.origin)
      await Promise.all(same.map((one) => one.check()))
      return { ended }
    }),
    row('POST /gateways/routes', gatewayInput, async (input) => {
      const link = await linkTo(input)
      return { routes: routeViews(await routesOf(link), link.signInOptions.gateway, daemon) }
    }),
    row('POST /gateways/load', loadInput, async ({ tags, is_trial: isTrial, routes, ...input }) => {
      const link = await linkTo(input)
      const answer = await routesOf(link)
      const { gateway } = link.signInOptions
      const remembered = await daemon.remembered()
      const asked = { gateway, answer, reach: input, tags, chosen: routes, remembered }
      const plan = (): ReturnType<typeof planLoad> => {
        const [own, others] = ownAndOthers(daemon)
        return planLoad({ ...asked, existing: own, others })
      }
      const first = plan()
      const { add, replace, remove } = first
      if (isTrial) daemon.check({ add, replace, remove })
      if (isTrial || add.length + replace.size + remove.length === 0) return first.answer
      let done = first
      // Beside the connections that there are when it is its turn.
      await daemon.change(() => (done = plan()))
      return done.answer
    }),
    row('POST /requests', accessInput, async (input): Promise<AccessAnswer> => {
      const { saved, checked } = daemon.find(input.connection)
      if (checked?.destination === undefined) {
        throw new PeerError('access-not-offered', `"${saved.name}" cannot be up`)
      }
      const { gateway, authority } = checked.destination
      const link = await daemon.links.take(gateway, saved)
      const signal = AbortSignal.timeout(answerTimeoutMs)
      const answer = await createAccessRequestClient(unattended(link), signal).ask({
        route: authority,
        forSeconds: input.seconds ?? defaultSeconds,
        reason: input.reason,
        isBreakGlass: false,
      })
      const said = accessAnswer(answer)
      daemon.note(saved.id, { level: 'info', message: said.message })
      return said
    }),
  ]
}

/** Those that may be changed here, and those of files. */
function ownAndOthers(daemon: Daemon): readonly [SavedConnection[], SavedConnection[]] {
  const all = daemon.all()
  const saved = (isOwn: boolean): SavedConnection[] =>
    all.filter(({ file }) => (file === undefined) === isOwn).map((one) => one.saved)
  return [saved(true), saved(false)]
}

/** The routes of a gateway, by the session there is: nobody is asked to sign in for a list. */
function routesOf(link: GatewayLink): Promise<RoutesAnswer> {
  return fetchRoutes(unattended(link), AbortSignal.timeout(answerTimeoutMs))
}

/** For whoever waits for an answer: a sign-in is begun by its own call, and what needs one says so. */
function unattended({ signInOptions }: GatewayLink): GatewayLink['signInOptions'] {
  return {
    ...signInOptions,
    presentSignIn() {
      throw new PeerError('sign-in-needed', 'the gateway wants you to sign in', {
        hint: 'sign in first',
      })
    },
  }
}

function routeViews(
  { routes, closed }: RoutesAnswer,
  gateway: GatewayAddress,
  daemon: Daemon,
): readonly RouteView[] {
  const usable = routes.map((route) => viewOf(route, gateway, daemon, true))
  const others = closed.map((route) => ({
    ...viewOf(route, gateway, daemon, false),
    why: route.why,
    contact: route.contact,
  }))
  return [...usable, ...others]
}

function viewOf(
  route: ListedRoute,
  gateway: GatewayAddress,
  daemon: Daemon,
  isUsable: boolean,
): RouteView {
  const { id, name, description, from } = route
  const destination = parseRouteFrom(from, gateway)
    ?.filter(({ host, port }) => port !== undefined && !host.includes('*'))
    .map((target) => formatRouteTarget(target, gateway))[0]
  const connection = daemon
    .all()
    .find(({ checked }) => checked?.destination?.authority === destination)
  return {
    id,
    name: name || from,
    description,
    is_usable: isUsable,
    ...(destination !== undefined && { destination }),
    ...(connection !== undefined && { connection: connection.saved.id }),
  }
}

function accessAnswer({
  id,
  state,
  until,
  decidedBy,
  expiresAt,
}: AccessRequestAnswer): AccessAnswer {
  const sentences: Readonly<Record<string, string>> = {
    pending: `asked for access; it waits for an answer until ${expiresAt}`,
    approved: `access until ${until}, given by ${decidedBy}`,
  }
  const message = sentences[state] ?? `your request is ${state}`
  return { id, state, message, ...(until !== '' && { ends_at: until }) }
}
