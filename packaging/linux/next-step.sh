cat <<'END'
postern: the gateway is neither configured nor started. For a gateway on this machine:
  1. edit /etc/postern/postern.yaml, put certificate and key into /etc/postern/secrets,
     and the secret of the sign-in service into /etc/postern/idp-client-secret
  2. systemctl enable --now postern-gateway
END
