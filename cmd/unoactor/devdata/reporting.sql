-- The planets of the solar system, from NASA's planetary fact sheet (public domain).
create table planet (
    position    integer primary key,
    name        text not null,
    mass        numeric not null, -- 10^24 kg
    diameter_km integer not null,
    year_days   numeric not null, -- in days of the Earth
    moons       integer not null
);
insert into planet values
    (1, 'Mercury', 0.330, 4879, 88.0, 0), (2, 'Venus', 4.87, 12104, 224.7, 0), (3, 'Earth', 5.97, 12756, 365.2, 1),
    (4, 'Mars', 0.642, 6792, 687.0, 2), (5, 'Jupiter', 1898, 142984, 4331, 95), (6, 'Saturn', 568, 120536, 10747, 146),
    (7, 'Uranus', 86.8, 51118, 30589, 28), (8, 'Neptune', 102, 49528, 59800, 16);
create view report as
select name, round(mass / 5.97, 2) as mass_in_earths, moons from planet order by position;
analyze;
