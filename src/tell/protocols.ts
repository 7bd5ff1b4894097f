/** The protocols in which the person's own tool can be told that its tunnel was cut. */
export const toldProtocols = ['postgres', 'mysql', 'redis'] as const
export type ToldProtocol = (typeof toldProtocols)[number]
