//! The permission groups that an embedded account knows. The ids of Super Administrator, Magic Network
//! Monitoring and Zone Read are those of Cloudflare's documents; the others are invented.

/// A permission group of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    /// Whether it is about the account as a whole (else about zones): such groups are roles and have
    /// a system group in SCIM.
    pub(super) account: bool,
}

/// "Super Administrator - All Privileges".
pub(super) const SUPER_ADMINISTRATOR: &str = "33666b9c79b9a5273fc7344ff42f953d";

/// "Minimal Account Access": what a member made by SCIM has.
pub(super) const MINIMAL: &str = "c87f162b1d7fb83a645c94324734ffa7";

/// All of them.
pub(super) const ALL: &[Known] = &[
    Known {
        id: SUPER_ADMINISTRATOR,
        label: "super_admin_all_privileges",
        name: "Super Administrator - All Privileges",
        description: "Can edit any Cloudflare setting, make purchases, update billing, and manage memberships.",
        account: true,
    },
    Known {
        id: "4a5cc85377fe04f92601511fc21d9494",
        label: "account_admin",
        name: "Administrator",
        description: "Can access the full account, except for membership management and billing.",
        account: true,
    },
    Known {
        id: MINIMAL,
        label: "minimal_account_access",
        name: "Minimal Account Access",
        description: "Can view account, and nothing else.",
        account: true,
    },
    Known {
        id: "d0ccbce2e2519f65e73c581fd918f621",
        label: "account_admin_read_only",
        name: "Administrator Read Only",
        description: "Can access the full account in read-only mode.",
        account: true,
    },
    Known {
        id: "68c4283db8074b12df1660b31c0220a9",
        label: "analytics",
        name: "Analytics",
        description: "Can read Analytics.",
        account: true,
    },
    Known {
        id: "de8b32074b5bdee65eb3aec3c0009b12",
        label: "audit_logs_viewer",
        name: "Audit Logs Viewer",
        description: "Can view Audit Logs.",
        account: true,
    },
    Known {
        id: "8efdd10756595e9a58dc3d7fee6f53ee",
        label: "billing",
        name: "Billing",
        description: "Can edit the account's billing profile and subscriptions.",
        account: true,
    },
    Known {
        id: "64e5277b2cf9954fd1907d1c2c9bbb15",
        label: "cache_purge",
        name: "Cache Purge",
        description: "Can purge the edge cache.",
        account: true,
    },
    Known {
        id: "e1dbae62ff9da047693ff9aeefb225be",
        label: "cloudflare_access",
        name: "Cloudflare Access",
        description: "Can edit Cloudflare Access.",
        account: true,
    },
    Known {
        id: "4ae7d2a826db60f903f2fcbabc240596",
        label: "cloudflare_gateway",
        name: "Cloudflare Gateway",
        description: "Can edit Cloudflare Gateway and read Access.",
        account: true,
    },
    Known {
        id: "1aaf2bd2da8e038b6027571106c8f443",
        label: "cloudflare_images",
        name: "Cloudflare Images",
        description: "Can access Cloudflare Images data.",
        account: true,
    },
    Known {
        id: "4fd3709158882a80acb7411a6651b398",
        label: "cloudflare_stream",
        name: "Cloudflare Stream",
        description: "Can edit Cloudflare Stream.",
        account: true,
    },
    Known {
        id: "dea5cb26ff0e0e65d7324fe58832b8dd",
        label: "cloudflare_r2_admin",
        name: "Cloudflare R2 Admin",
        description: "Can edit Cloudflare R2 buckets, objects, and associated configurations.",
        account: true,
    },
    Known {
        id: "68ea5a025d12da865aa5c5a148b880c5",
        label: "cloudflare_r2_read",
        name: "Cloudflare R2 Read",
        description: "Can read Cloudflare R2 buckets, objects, and associated configurations.",
        account: true,
    },
    Known {
        id: "220c3cacc75575f56bc84a81e4dcd5a3",
        label: "workers_admin",
        name: "Workers Platform Admin",
        description: "Can edit all Workers products.",
        account: true,
    },
    Known {
        id: "dcb9b3c103577118792d66b6852608be",
        label: "workers_read",
        name: "Workers Platform (Read-only)",
        description: "Can read all Workers products.",
        account: true,
    },
    Known {
        id: "b3bf60b851ebaeb2768b01a32e2ef32f",
        label: "dns",
        name: "DNS",
        description: "Can edit DNS records.",
        account: true,
    },
    Known {
        id: "36e5371ad91c9d2d09e9d7c0e76055db",
        label: "firewall",
        name: "Firewall",
        description: "Can edit WAF, IP Firewall, and Zone Lockdown settings.",
        account: true,
    },
    Known {
        id: "fbec8ce840dec8112a3b49e838351b6e",
        label: "load_balancer_admin",
        name: "Load Balancer",
        description: "Can edit Load Balancers, Pools, Origins, and Health Checks.",
        account: true,
    },
    Known {
        id: "9bbf2750696804c34059dcba717298e2",
        label: "log_share",
        name: "Log Share",
        description: "Can edit Log Share configuration.",
        account: true,
    },
    Known {
        id: "4fa648e4d53bdbb9c3b832b1999b0f3d",
        label: "log_share_reader",
        name: "Log Share Reader",
        description: "Can read Enterprise Log Share.",
        account: true,
    },
    Known {
        id: "82e64a83756745bbbb1c9c2701bf816b",
        label: "fbm_user",
        name: "Magic Network Monitoring",
        description: "Can view and edit MNM configuration.",
        account: true,
    },
    Known {
        id: "b530b61c270cb730355fe029d99a05df",
        label: "magic_transit_admin",
        name: "Network Services Write (Magic)",
        description: "Can write and edit Magic configurations.",
        account: true,
    },
    Known {
        id: "9ecf8570e236217293d2580e2286e805",
        label: "page_shield",
        name: "Page Shield",
        description: "Grants write access to Page Shield across the whole account.",
        account: true,
    },
    Known {
        id: "0145681f62017ea6590918f52acffab0",
        label: "ssl_tls",
        name: "SSL/TLS, Caching, Performance, Page Rules, and Customization",
        description: "Can edit most Cloudflare settings except for DNS and Firewall.",
        account: true,
    },
    Known {
        id: "003283e6a3e1e043319b0af1c5520428",
        label: "trust_and_safety",
        name: "Trust and Safety",
        description: "Can view and request reviews for blocks.",
        account: true,
    },
    Known {
        id: "a089bc9b1119b5d6a888061a9363e6c7",
        label: "turnstile",
        name: "Turnstile",
        description: "Grants full access to Turnstile.",
        account: true,
    },
    Known {
        id: "115a0e3e3257fd48e5feb822b3da44de",
        label: "waiting_room_admin",
        name: "Waiting Room Admin",
        description: "Can edit waiting rooms configuration.",
        account: true,
    },
    Known {
        id: "89d6538fb0d3dfe41bbb913efa3af17b",
        label: "zaraz_admin",
        name: "Zaraz Admin",
        description: "Can edit Zaraz configuration.",
        account: true,
    },
    Known {
        id: "d3735b15085296fe1ff40aec6cb48102",
        label: "zero_trust",
        name: "Cloudflare Zero Trust",
        description: "Can edit Cloudflare Zero Trust.",
        account: true,
    },
    Known {
        id: "f0ef1e266e2509df18ec8c97d844db3d",
        label: "zero_trust_reporting",
        name: "Cloudflare Zero Trust Reporting",
        description: "Can read Cloudflare Zero Trust.",
        account: true,
    },
    Known {
        id: "c8fed203ed3043cba015a93ad1616f1f",
        label: "zone_read",
        name: "Zone Read",
        description: "Grants read access to a domain.",
        account: false,
    },
    Known {
        id: "ad1f20fc6ea2991b9885856a74fc9234",
        label: "domain_administrator",
        name: "Domain Administrator",
        description: "Grants full access to domains and DNS settings of a domain.",
        account: false,
    },
    Known {
        id: "766c289479c6423631e3142cfa8c3ba1",
        label: "domain_administrator_read_only",
        name: "Domain Administrator Read Only",
        description: "Grants read-only access to domains.",
        account: false,
    },
    Known {
        id: "37c12ab96237b697c714843715986884",
        label: "domain_dns",
        name: "Domain DNS",
        description: "Grants access to edit DNS settings for domains.",
        account: false,
    },
    Known {
        id: "34f6bc746c95816402e29d68d34924e5",
        label: "domain_waf",
        name: "Domain WAF",
        description: "Grants access to edit WAF of a domain.",
        account: false,
    },
];

pub(super) fn find(id: &str) -> Option<&'static Known> {
    ALL.iter().find(|known| known.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_labels_are_unique() {
        let ids: std::collections::BTreeSet<_> = ALL.iter().map(|known| known.id).collect();
        let labels: std::collections::BTreeSet<_> = ALL.iter().map(|known| known.label).collect();
        assert_eq!((ids.len(), labels.len()), (ALL.len(), ALL.len()));
        assert!(ALL.iter().all(|known| known.id.len() == 32));
        assert!(find(SUPER_ADMINISTRATOR).is_some() && find(MINIMAL).is_some());
    }
}
