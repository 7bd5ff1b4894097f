/** The port of every application: what browsers and stock clients ask for where they name none. */
export const applicationPort = 443
