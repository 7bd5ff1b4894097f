// What is used of the library: how bytes become messages of D-Bus and back. Its own types tell of neither.

declare module '@homebridge/dbus-native/lib/message.js' {
  const message: {
    /** Throws where the body is not what the signature says. */
    marshall(message: object): Buffer
    /** Reads messages from now on. Throws in the stream's listeners where one cannot be read. */
    unmarshalMessages(stream: object, onMessage: (message: object) => void, options: object): void
  }
  export default message
}

declare module '@homebridge/dbus-native/lib/handshake.js' {
  /** Proves by the socket's own credentials who this is. */
  export default function handshake(
    stream: object,
    options: { readonly authMethods: readonly string[] },
    done: (error: Error | null) => void,
  ): void
}
