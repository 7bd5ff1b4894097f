import type { Plant } from './engine/plant.ts'

/** Bugs that people make, by name, for seeing that they are found. */
export const plants: Readonly<Record<string, Plant>> = {
  'proxy-v2-length': {
    target: 'proxy-header',
    file: 'net/proxy-protocol.ts',
    text: 'if (payload.length < 2 * sizeBytes + 4)',
    bug: 'if (payload.length < 2 * sizeBytes + 3)',
  },
  'authority-userinfo': {
    target: 'authority',
    file: 'address.ts',
    text: 'return labels.every((label) => hostLabel.test(label))',
    bug: 'return labels.every((label) => /^[^.\\s/:]{1,63}$/.test(label))',
  },
  'websocket-split-mask': {
    target: 'websocket-frames',
    file: 'tunnel/websocket-frames.ts',
    text: 'current.at += bytes.length',
    bug: 'current.at = bytes.length',
  },
  'capnp-segments': {
    target: 'capnp',
    file: 'links/cloudflared/capnp/framing.ts',
    text: 'if (count > maxSegments) throw malformed(`${count} segments`)',
    bug: '',
  },
  'token-escaping-error': {
    target: 'tunnel-token',
    file: 'tunnel/tunnel-credential.ts',
    text: "typeof value === 'object' && value !== null && keys.every((key) => key in value)",
    bug: "typeof value === 'object' && keys.every((key) => key in (value as object))",
  },
}
