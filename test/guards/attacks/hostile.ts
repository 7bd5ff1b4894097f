import { attack } from '../guard.ts'

export const hostileGateway = attack('a hostile gateway', [
  {
    tries: 'words of a refusal that a terminal obeys',
    file: 'terminal-text.ts',
    right: "return shorten(value, maxPeerTextLength).replaceAll(unsafeRun, ' ').trim()",
    wrong: 'return shorten(value, maxPeerTextLength)',
    test: ['src/tunnel/refusal.test.ts', 'what a terminal would obey is taken out'],
  },
  {
    tries: 'hosts of others in the configuration of OpenSSH',
    file: 'client/ssh-config/domains.ts',
    right: 'return whole.includes(host) || bases.some((base) => isBelow(host, base))',
    wrong: 'return bases.length > 0 || host === text',
    test: [
      'src/client/ssh-config/text.test.ts',
      'a host that is not of this gateway is left out and named, unless its domain is given',
    ],
  },
  {
    tries: 'files of cloudflared outside of its folder',
    file: 'tunnel/application-token.ts',
    right: "if (typeof hostname !== 'string' || !hostnameForm.test(hostname)) return undefined",
    wrong: "if (typeof hostname !== 'string') return undefined",
    test: [
      'src/tunnel/application-token.test.ts',
      'names no files where it leads out of the folder by its host',
    ],
  },
  {
    tries: 'a token of its own, brought to another sign-in of the client',
    file: 'client/sign-in/callback-server.ts',
    right: 'if (url.pathname !== path) return undefined',
    wrong: '',
    test: [
      'src/client/sign-in/callback-server.test.ts',
      'every other path, method and content is not found, and ends nothing',
    ],
  },
  {
    tries: 'streams at a connector before it has proved itself',
    file: 'connector/connections/register.ts',
    right:
      "if (answer.type !== 'proved' || !isProof(answer.proof, 'gateway', parts)) throw unproved()",
    wrong: '',
    test: [
      'src/connector/unproved-gateway.test.ts',
      'whoever does not prove to be the gateway is told nothing, and tried again',
    ],
  },
  {
    tries: 'an address that the rules of a connector do not name',
    file: 'connector/ingress/rules.ts',
    right: 'if (rule === undefined) {',
    wrong:
      "if (rule === undefined && byName !== undefined) return { origin: { kind: 'tcp', target: service, rule: byName } }\n  if (rule === undefined) {",
    test: [
      'src/connector/serve-streams.test.ts',
      'a gateway reaches no address that the rules do not name',
    ],
  },
  {
    tries: 'the service of another rule, by what a client of a bastion names',
    file: 'connector/ingress/rules.ts',
    right: 'if (asked.isByClient === true) return byBastion(byName, asked)',
    wrong: '',
    test: [
      'src/connector/serve-streams.test.ts',
      'a client of a bastion does not reach the service of another rule',
    ],
  },
])

export const hostileConnector = attack('a hostile connector', [
  {
    tries: 'to register without the secret of the tunnel',
    file: 'publish/tunnel-register.ts',
    right: '.find((each) => knows(each))',
    wrong: '.find((each) => knows(each) || each.length > 0)',
    test: [
      'src/publish/tunnel-register.test.ts',
      'the secret of one tunnel opens no other, and is the same after a restart',
    ],
  },
  {
    tries: 'the proof of another connection, passed on',
    file: 'tunnel/connector/proof.ts',
    right: '.update(channel).update(what)',
    wrong: '.update(what)',
    test: [
      'src/links/postern/registration.test.ts',
      'with what another connection was proved with is refused, and so is what the gateway has said',
    ],
  },
  {
    tries: 'the proof that the gateway itself has given, sent back',
    file: 'tunnel/connector/proof.ts',
    right: 'JSON.stringify([label, prover, tunnelId',
    wrong: 'JSON.stringify([label, tunnelId',
    test: [
      'src/tunnel/connector/proof.test.ts',
      'a proof is that of its prover, secret, connection and applicant alone',
    ],
  },
  {
    tries: 'a secret that was rotated away',
    file: 'publish/tunnel-register.ts',
    right: 'return { ...old, generation: old.generation + 1 }',
    wrong: 'return { ...old, generation: old.generation + 0 }',
    test: [
      'src/publish/tunnel-register.test.ts',
      'a connector is admitted by the secret of its tunnel, until that is rotated',
    ],
  },
  {
    tries: 'to wait without registering, in any number',
    file: 'links/unregistered.ts',
    right: 'const last = addressOf.size > max ? oldestOfMost() : undefined',
    wrong: 'const last = undefined as Connection | undefined',
    test: [
      'src/links/unregistered.test.ts',
      'of many that come in one turn each closes one, and the same one never twice',
    ],
  },
  {
    tries: 'the host name of another tunnel, at the same moment',
    file: 'publish/tunnel-register.ts',
    right: "if (result === 'hostname-taken') throw takenOf(record)",
    wrong: "if (result === 'hostname-taken') return toNamedTunnel(record)",
    test: [
      'src/publish/tunnel-register.test.ts',
      'a host name is one tunnel’s, of two who register it at once',
    ],
  },
])

export const hostileSite = attack('a hostile publisher of a site', [
  {
    tries: 'a host name of another site',
    file: 'publish/hostname.ts',
    right: 'if (inner !== site || hostname === site.name) throw outsideSite(hostname, site, inner)',
    wrong: '',
    test: [
      'src/publish/tunnel-register.test.ts',
      'a name that is not to be had is refused with the sentence that mends it',
    ],
  },
  {
    tries: 'a host name that belongs to a route of the gateway',
    file: 'publish/hostname.ts',
    right: 'if (owner !== undefined) throw hostnameTaken(hostname, owner)',
    wrong: '',
    test: [
      'src/publish/tunnel-register.test.ts',
      'a name that is not to be had is refused with the sentence that mends it',
    ],
  },
  {
    tries: 'the name of a tunnel that a route of another site leads to',
    file: 'publish/tunnel-register.ts',
    right: 'if (options.isMeantElsewhere({ name, site })) throw tunnelNameReserved(name)',
    wrong: '',
    test: [
      'src/publish/tunnel-register.test.ts',
      'a name that a route of another site leads to is not to be had',
    ],
  },
  {
    tries: 'the tunnels of another site, by the credential of one’s own',
    file: 'publish/publishing.ts',
    right: 'if (found !== undefined && found.site === publisher.site.name) return found',
    wrong: 'if (found !== undefined) return found',
    test: ['src/pages/publish/publish-api.test.ts', 'sees nothing of another site'],
  },
  {
    tries: 'a site that a person was not shown',
    file: 'pages/publish/login-pages.ts',
    right: 'if (site === undefined)',
    wrong: 'if (site === undefined && name === undefined)',
    test: [
      'src/pages/publish/login.test.ts',
      'is shown the sites that this person may publish to, and gets no other',
    ],
  },
  {
    tries: 'a name that outlives its site',
    file: 'publish/tunnel-register.ts',
    right: 'const isStillOurs = row && siteOf(options.sites(), hostname)?.name === row.site',
    wrong: 'const isStillOurs = row',
    test: [
      'src/publish/tunnel-register.test.ts',
      'a name leads nowhere once its site is gone, or another one is made within it',
    ],
  },
])
