/** What a key signs, as commands name it. */
export const signingPurposes = [
  'connector-grant',
  'ssh-ca',
  'application-token',
  'connector-ca',
  'audit',
] as const
export type SigningPurposeName = (typeof signingPurposes)[number]
