import { membersOf } from './people.ts'

/** The site below which names are published. */
const site = 'example.localhost'
/** Reached by its name, through a connector that the quickstart runs. Needs no DNS, as the routes. */
export const joinedHost = `tcp.${site}`
/** For a service of the user's own, whose connector they run. */
export const ownHost = `mine.${site}`

/** The named tunnel of the quickstart's own connector, and its site. */
export const sampleTunnel = { name: 'sample', site } as const

const publishers = 'engineering'

/** Who may lead a name to a service of theirs, for people. */
export const publisherAudience = `group ${publishers} (${membersOf(publishers).join(', ')})`

/** Names that the gateway's certificate has to be for. */
export const publishedNames: readonly string[] = [`*.${site}`]

/** As in a configuration file. */
export function publishedSettings(): Readonly<Record<string, unknown>> {
  const policies = [{ action: 'allow', include: [{ everyone: true }] }]
  return {
    sites: [{ name: site, publish: [{ allow: { or: [{ groups: { has: publishers } }] } }] }],
    access: [
      { hostname: joinedHost, service: `connector://${sampleTunnel.name}`, policies },
      // Without a service it leads to whoever has registered the name.
      { hostname: ownHost, policies },
    ],
  }
}
