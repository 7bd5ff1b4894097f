import { attack } from '../guard.ts'

export const rebinding = attack('DNS rebinding', [
  {
    tries: 'a name that leads elsewhere between the check and the dial',
    file: 'net/dial.ts',
    right: 'allowAddress?.(host)',
    wrong: 'allowAddress?.(target.host)',
    test: ['src/net/dial.test.ts', 'that may not be used are never connected to'],
  },
  {
    tries: 'the same at a bastion of a connector',
    file: 'connector/origin/open-origin.ts',
    right: 'if (allows(address, target.port)) return',
    wrong: 'if (address !== target.host) return',
    test: [
      'src/connector/origin/open-origin.test.ts',
      'a name is judged by its addresses, each before it is dialled',
    ],
  },
  {
    tries: 'a name of the attacker that leads to the desktop window',
    file: 'desktop/window/check-request.ts',
    right: 'if (headers.host !== host) throw wrongHost',
    wrong: '',
    test: [
      'test/desktop/window-requests.test.ts',
      'is for its own name and port alone, which keeps a rebound name out',
    ],
  },
])

export const forgedRequests = attack('server-side request forgery', [
  {
    tries: 'a route to a name of the metadata service of a cloud',
    file: 'upstream/dialled.ts',
    right: 'if (!allowsMetadataAddress) refuseMetadataAddress(address)',
    wrong: '',
    test: [
      'src/upstream/direct.test.ts',
      'refuses a name that leads to the metadata service of a cloud, and only the log says why',
    ],
  },
  {
    tries: 'the metadata service of a cloud, written as IPv6',
    file: 'net/metadata-address.ts',
    right: '|| embeddedIPv4(plain).some',
    wrong: '&& embeddedIPv4(plain).some',
    test: ['src/net/metadata-address.test.ts', 'is known within IPv6'],
  },
  {
    tries: 'a stored route of a namespace to the machine of the gateway',
    file: 'upstream/dialled.ts',
    right: 'if (leaves) refuseOwnMachine(address)',
    wrong: '',
    test: [
      'src/upstream/direct.test.ts',
      'may lead to the machine of the gateway by its own name alone, where the route leaves it',
    ],
  },
  {
    tries: 'a redirect of the provider’s key set',
    file: 'identity/provider-keys.ts',
    right: "redirect: 'manual',",
    wrong: "redirect: 'follow' as 'manual',",
    test: [
      'src/identity/provider-keys.test.ts',
      'keys are taken from where the provider has them, and a redirect leads nowhere else',
    ],
  },
  {
    tries: 'a provider’s document that names addresses of http',
    file: 'identity/provider-fetch.ts',
    right: "if (url.protocol !== 'https:' && !(url",
    wrong: "if (url.protocol === 'x:' && !(url",
    test: [
      'src/identity/provider-fetch.test.ts',
      'http to another machine is refused before a connection is made',
    ],
  },
  {
    tries: 'an answer of the provider without end',
    file: 'identity/provider-fetch.ts',
    right: 'if (size > maxResponseBytes) {',
    wrong: 'if (size < 0) {',
    test: [
      'src/identity/provider-fetch.test.ts',
      'an answer of up to a mebibyte is read, a larger one is given up',
    ],
  },
  {
    tries: 'an authority that leads elsewhere, by a redirect or without TLS (ACME)',
    file: 'acme/acme-client.ts',
    right: "if (!URL.canParse(url) || new URL(url).protocol !== 'https:')",
    wrong: 'if (!URL.canParse(url))',
    test: [
      'src/acme/acme-client.test.ts',
      'nobody is asked whom an authority leads to, by a redirect or without TLS',
    ],
  },
  {
    tries: 'a receiver of webhooks with a wrong certificate',
    file: 'telemetry/forward/post-webhook.ts',
    right: 'rejectUnauthorized: true,',
    wrong: 'rejectUnauthorized: false,',
    test: [
      'src/telemetry/forward/post-webhook.test.ts',
      'a wrong certificate is refused, and nothing is said to whoever shows it',
    ],
  },
])
