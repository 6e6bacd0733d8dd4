/** The documented JSON of an email record whose other columns have their defaults. */
export function restEmail({ id, email, status, domainName = null }) {
  return {
    id,
    email,
    status,
    is_role_based: false,
    is_disposable: false,
    has_mx_records: false,
    has_reverse_dns: false,
    domain_name: domainName,
    host_name: null,
    server_type: null,
    is_catchall: false,
    validated_at: null,
    unknown_reason: null,
    needs_physical_verify: false,
  };
}
