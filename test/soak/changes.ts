import { createCookieJar } from '../../src/dev-idp/cookie-jar.ts'
import { signInWithForms } from '../../src/dev-idp/sign-in-with-forms.ts'
import type { Random } from '../crash/random.ts'
import { people, type SoakGateway } from './gateway.ts'

/** What is done to a gateway besides its tunnels, each at once and to its end. */
export interface Changes {
  /** Somebody signs in with another browser, or has signed in often enough and one of these sessions is revoked. */
  signInOrOut(): Promise<void>
  /** The file is another one, and lets the same people in. */
  reload(): Promise<void>
  /** The audit log is searched, and tunnels and connectors are listed; counted where something was found. */
  look(): Promise<void>
  readonly done: Readonly<Record<'signIns' | 'revocations' | 'reloads' | 'looks', number>>
}

/** Those who have tunnels are not among them. */
const strangers = people.slice(1)
const mostSessions = 6

export function createChanges(gateway: SoakGateway, random: Random): Changes {
  const { control, origin, ca } = gateway
  const done = { signIns: 0, revocations: 0, reloads: 0, looks: 0 }

  return {
    done,
    async signInOrOut() {
      const { sessions } = await control.listSessions()
      const theirs = sessions.filter(({ email }) => strangers.some((one) => one === email))
      if (theirs.length >= mostSessions) {
        await control.revokeSession(random.oneOf(theirs).id)
        done.revocations += 1
        return
      }
      const jar = createCookieJar()
      const email = random.oneOf(strangers)
      await signInWithForms(`${origin}/.pomerium/sign_in`, { email }, { jar, request: { ca } })
      done.signIns += 1
    },
    async reload() {
      await gateway.reload(`for the ${done.reloads + 2}. time`)
      done.reloads += 1
    },
    async look() {
      // She has signed in before anything else.
      const { records } = await control.searchAudit({ max: 100, who: people[0] })
      await control.listTunnels()
      await control.listConnectors()
      if (records.length > 0) done.looks += 1
    },
  }
}
