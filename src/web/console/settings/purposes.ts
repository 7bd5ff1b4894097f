import type { SigningPurpose } from '../../../console/wire/keys.ts'

/** What a key is for, and what follows from changing it, for whoever is about to do so. */
export interface PurposeWords {
  readonly title: string
  readonly use: string
  /** What another key means to those who rely on the one of now. */
  readonly rotated: string
  /** What it means that the keys before are forgotten. */
  readonly forgotten: string
}

/** As `postern gateway keys` says it. */
export const purposes: Readonly<Record<SigningPurpose, PurposeWords>> = {
  'connector-grant': {
    title: 'Streams to connectors',
    use: 'Signs the grant of each stream, which a connector checks before it opens its service.',
    rotated:
      'Connectors take the new key over by the word of the one before, those that are away when they come back. No tunnel is cut, and no token needs replacing.',
    forgotten:
      'A connector whose token knows none but the former keys is cut and cannot come back: give it a new token by "postern tunnel token NAME".',
  },
  'ssh-ca': {
    title: 'SSH certificates',
    use: 'Signs the certificates by which people get into an sshd.',
    rotated:
      'Certificates are signed with the key before until that is forgotten. Add the new line, which "postern gateway ssh-ca" prints, to the TrustedUserCAKeys file of every sshd, and then forget the former key here.',
    forgotten:
      'Certificates are signed with the new key from now on: an sshd without its line lets nobody in.',
  },
  'application-token': {
    title: 'Application tokens',
    use: 'Signs the tokens of "postern access" and of cloudflared.',
    rotated: 'Tokens of the key before are good until they expire: nobody signs in anew.',
    forgotten:
      'Tokens of the former keys are worth nothing then: whoever uses one signs in again. Other sign-ins stay.',
  },
  'connector-ca': {
    title: 'Certificates for stock connectors',
    use: 'Vouches for the gateway to connectors that are cloudflared.',
    rotated:
      'Stock connectors are shown a certificate of the key before until that is forgotten. Give each the file that "postern tunnel token --for-cloudflared" writes now, start it again, and then forget the former key here.',
    forgotten:
      'Stock connectors are shown a certificate of the new key from now on: one that was started without it does not come back once its connections end.',
  },
  audit: {
    title: 'Checkpoints of the audit log',
    use: 'Signs how far the audit log has come.',
    rotated:
      'Checkpoints are signed with both keys until the key before is forgotten. Keep the new public key elsewhere: "postern audit key" prints it.',
    forgotten:
      'Checkpoints are signed with the new key alone from now on. Those before stay good by the public keys that were kept.',
  },
}
