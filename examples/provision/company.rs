//! The demo company: whom the embedded authentik is filled with.

use provision::{Directory, GroupPolicy, Person, Spec, Team};

/// People with names that have broken other tools before: an apostrophe, letters outside ASCII, a
/// single word, a name of three parts.
const FIRST: [(&str, &str); 6] = [
    ("siobhan.obrien", "Siobhán O'Brien"),
    ("asa.ostrom", "Åsa Öström"),
    ("xiaoming.wang", "王 小明"),
    ("madonna", "Madonna"),
    ("jose.garcia", "José Luis García Márquez"),
    ("zoe.mueller", "Zoë Müller-Łukaszewicz"),
];
const GIVEN: [&str; 20] = [
    "Alice", "Bob", "Carla", "David", "Elena", "Frank", "Grace", "Hassan", "Ines", "Jonas", "Karin", "Liam", "Maya",
    "Noah", "Olga", "Pedro", "Quinn", "Rosa", "Sven", "Tara",
];
const FAMILY: [&str; 23] = [
    "Adler", "Baker", "Costa", "Diaz", "Evans", "Fischer", "Gupta", "Haas", "Ito", "Jansen", "Khan", "Lopez", "Meyer",
    "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Weber",
];
const GROUPS: [(&str, &str); 4] = [
    ("Platform Engineering", "DNS"),
    ("Security", "Administrator Read Only"),
    ("Support", "Analytics"),
    ("Finance", "Billing"),
];
const DOMAIN: &str = "acme.example";

/// The spec of a company of `users` people in `groups` groups.
///
/// Among the people, where there are enough of them: one in two groups, one deactivated, one in a
/// group out of scope only. A service account comes on top.
pub(crate) fn spec(users: usize, groups: usize) -> Spec {
    let people: Vec<Person> = (0..users).map(person).collect();
    let mut teams: Vec<Team> = (0..groups.max(1)).map(|index| team(group_name(index))).collect();
    let count = teams.len();
    let outsider = (users > 8).then(|| users - 1);
    for (index, person) in people.iter().enumerate().filter(|(index, _)| Some(*index) != outsider) {
        teams[index % count].members.push(person.username.clone());
    }
    // The second person works in two groups.
    if let (Some(person), true) = (people.get(1), count > 1) {
        teams[0].members.push(person.username.clone());
    }
    let mut directory = Directory::default();
    directory.users = people;
    directory.users.push(service_account());
    teams[0].members.push(service_account().username);
    if let Some(person) = outsider.and_then(|index| directory.users.get(index)) {
        let members = vec![person.username.clone()];
        teams.push(Team { name: "Alumni".to_owned(), members, out_of_scope: true });
    }
    directory.groups = teams;
    let mut spec = Spec::new("Cloudflare").directory(directory);
    for index in 0..count {
        let permission = GROUPS[index % GROUPS.len()].1;
        spec = spec.policy(GroupPolicy::allow(group_name(index), [permission]));
    }
    spec
}

fn group_name(index: usize) -> String {
    let name = GROUPS[index % GROUPS.len()].0;
    match index / GROUPS.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

fn team(name: String) -> Team {
    Team { name, members: Vec::new(), out_of_scope: false }
}

fn person(index: usize) -> Person {
    let (username, name) = match index.checked_sub(FIRST.len()) {
        None => (FIRST[index].0.to_owned(), FIRST[index].1.to_owned()),
        Some(rest) => {
            let (given, family) = (GIVEN[rest % GIVEN.len()], FAMILY[rest % FAMILY.len()]);
            let round = rest / (GIVEN.len() * FAMILY.len());
            let suffix = if round == 0 { String::new() } else { (round + 1).to_string() };
            (
                format!("{}.{}{suffix}", given.to_lowercase(), family.to_lowercase()),
                format!("{given} {family}{}{suffix}", if round == 0 { "" } else { " " }),
            )
        }
    };
    Person {
        email: format!("{username}@{DOMAIN}"),
        username,
        name,
        // The seventh has left the company.
        active: index != 6,
        service_account: false,
    }
}

fn service_account() -> Person {
    Person {
        username: "svc-backup".to_owned(),
        name: "Backup job".to_owned(),
        email: format!("svc-backup@{DOMAIN}"),
        active: true,
        service_account: true,
    }
}
